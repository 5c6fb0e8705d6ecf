import parsePrometheus from 'parse-prometheus-text-format';
import { describe, expect, it } from 'vitest';
import { aFastEngine, aServer, chat, json, MODEL, post, scripted, until } from './__fixtures__/serving.ts';
import { DIALECT_NAMES } from './dialects/dialect.ts';
import type { EngineGauges } from './token-engine.ts';

const GAUGES: EngineGauges = {
  waitingRequests: 3,
  runningRequests: 5,
  kvCacheUsage: 0.25,
  kvCacheTokens: 1600,
  prefixCacheQueriesTokens: 200,
  prefixCacheHitsTokens: 50,
  promptTokensTotal: 1000,
  generationTokensTotal: 400,
  requestsFinishedTotal: 17,
  preemptionsTotal: 2,
};

const silent = () =>
  scripted(
    async function* () {
      yield* [];
    },
    { gauges: () => GAUGES },
  );

interface Family {
  name: string;
  type: string;
  metrics: { value: string; labels?: Record<string, string> }[];
}

async function scrape(url: string): Promise<ReadonlyMap<string, Family>> {
  const page = await (await fetch(`${url}/metrics`)).text();
  return new Map((parsePrometheus(page) as Family[]).map((family) => [family.name, family]));
}

describe('the metrics page', () => {
  it.each([
    ['vllm', 'vllm:num_requests_waiting', 3],
    ['vllm', 'vllm:num_requests_running', 5],
    ['vllm', 'vllm:kv_cache_usage_perc', 0.25],
    ['vllm', 'vllm:prefix_cache_queries_total', 200],
    ['vllm', 'vllm:prefix_cache_hits_total', 50],
    ['vllm', 'vllm:num_preemptions_total', 2],
    ['vllm', 'vllm:prompt_tokens_total', 1000],
    ['vllm', 'vllm:generation_tokens_total', 400],
    ['vllm', 'vllm:request_success_total', 17],
    ['sglang', 'sglang:num_queue_reqs', 3],
    ['sglang', 'sglang:num_running_reqs', 5],
    ['sglang', 'sglang:token_usage', 0.25],
    ['sglang', 'sglang:num_used_tokens', 400],
    ['sglang', 'sglang:max_total_num_tokens', 1600],
    ['sglang', 'sglang:cache_hit_rate', 0.25],
    ['llamacpp', 'llamacpp:requests_deferred', 3],
    ['llamacpp', 'llamacpp:requests_processing', 5],
    ['llamacpp', 'llamacpp:tokens_predicted_total', 400],
  ] as const)('of %s has %s', async (dialect, name, value) => {
    const { url } = await aServer({ engine: silent(), dialect });
    expect(Number((await scrape(url)).get(name)?.metrics[0]?.value)).toBe(value);
  });

  it.each([
    ['vllm', 'vllm:cache_config_info', { block_size: '16', num_gpu_blocks: '100' }],
    ['sglang', 'sglang:cache_config_info', { page_size: '16', num_pages: '100' }],
    ['vllm', 'vllm:num_requests_running', { model_name: MODEL }],
  ] as const)('of %s labels %s', async (dialect, name, labels) => {
    const { url } = await aServer({ engine: silent(), dialect });
    expect((await scrape(url)).get(name)?.metrics[0]?.labels).toMatchObject(labels);
  });

  it.each(DIALECT_NAMES)('of %s has no name of another engine', async (dialect) => {
    const { url } = await aServer({ engine: silent(), dialect });
    for (const name of (await scrape(url)).keys()) expect(name.startsWith(`${dialect}:`)).toBe(true);
  });

  it('survives a model name with quotes, backslashes and line ends', async () => {
    const modelNames = ['a"b\\c\nd'];
    const { url } = await aServer({ engine: { ...silent(), modelNames } });
    const page = await (await fetch(`${url}/metrics`)).text();
    expect(page).toContain('model_name="a\\"b\\\\c\\nd"} 5\n');
  });

  it('shows requests while they run and none when they are done', async () => {
    const engine = aFastEngine(1);
    const { url } = await aServer({ engine });
    const answer = json(chat(url, { max_tokens: 30, ignore_eos: true }));
    await until(() => engine.gauges().runningRequests === 1);
    const running = async () =>
      Number((await scrape(url)).get('vllm:num_requests_running')?.metrics[0]?.value);
    expect(await running()).toBe(1);
    await answer;
    expect(await running()).toBe(0);
  });
});

describe('what every dialect answers', () => {
  it.each(DIALECT_NAMES)('%s: models, with their owner and context', async (dialect) => {
    const { url } = await aServer({ dialect });
    expect(await (await fetch(`${url}/v1/models`)).json()).toMatchObject({
      object: 'list',
      data: [{ id: MODEL, object: 'model', owned_by: dialect, max_model_len: 131_072 }],
    });
  });

  it.each([
    ['vllm', ''],
    ['sglang', ''],
    ['llamacpp', '{"status":"ok"}'],
  ] as const)('%s: health', async (dialect, body) => {
    const { url } = await aServer({ dialect });
    const response = await fetch(`${url}/health?verbose=1`);
    expect([response.status, await response.text()]).toEqual([200, body]);
  });

  it.each([
    ['vllm', { prompt: 'abcdefgh' }, { count: 2, max_model_len: 131_072 }],
    ['vllm', { messages: [{ role: 'user', content: 'hi' }] }, { count: 13 }],
    ['sglang', { prompt: 'abcdefghi' }, { count: 3 }],
    ['llamacpp', { content: 'abcdabcd' }, { tokens: [expect.any(Number), expect.any(Number)] }],
  ] as const)('%s: tokens of %j', async (dialect, body, expected) => {
    const { url } = await aServer({ dialect });
    expect(await (await post(`${url}/tokenize`, body)).json()).toMatchObject(expected);
  });

  it('refuses to tokenize nothing, or where the engine cannot', async () => {
    const { url } = await aServer();
    expect((await post(`${url}/tokenize`, {})).status).toBe(400);
    const { url: other } = await aServer({ engine: silent() });
    expect((await post(`${other}/tokenize`, { prompt: 'x' })).status).toBe(501);
  });
});

describe('what one dialect only answers', () => {
  it.each([
    ['vllm', '/version', { version: expect.stringMatching(/^\d+\.\d+\.\d+$/) }],
    [
      'sglang',
      '/get_server_info',
      { model_path: MODEL, tokenizer_path: MODEL, max_total_num_tokens: 430_000 },
    ],
    ['sglang', '/server_info', { model_path: MODEL, max_running_requests: 3 }],
    ['sglang', '/get_model_info', { model_path: MODEL, is_generation: true }],
    ['llamacpp', '/props', { total_slots: 3, default_generation_settings: { n_ctx: 131_072 } }],
    ['llamacpp', '/slots', [{ id: 0, is_processing: false }, { id: 1 }, { id: 2 }]],
  ] as const)('%s: %s', async (dialect, path, expected) => {
    const { url } = await aServer({ dialect, slots: 3 });
    const response = await fetch(url + path);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject(expected);
    for (const other of DIALECT_NAMES.filter((name) => name !== dialect)) {
      const { url: elsewhere } = await aServer({ dialect: other });
      expect((await fetch(elsewhere + path)).status).toBe(404);
    }
  });

  it('llama.cpp shows as many busy slots as requests run', async () => {
    const engine = scripted(
      async function* () {
        yield* [];
      },
      { gauges: () => ({ ...GAUGES, runningRequests: 2 }) },
    );
    const { url } = await aServer({ engine, dialect: 'llamacpp', slots: 3 });
    const slots = (await (await fetch(`${url}/slots`)).json()) as { is_processing: boolean }[];
    expect(slots.map(({ is_processing }) => is_processing)).toEqual([true, true, false]);
  });
});
