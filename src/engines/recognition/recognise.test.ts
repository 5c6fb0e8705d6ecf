import { afterEach, describe, expect, it } from 'vitest';
import type { EngineKind } from '../../domain/index.ts';
import {
  type EnginePages,
  LLAMACPP_LOADING,
  LLAMACPP_PAGES,
  OPENAI_PAGES,
  SGLANG_PAGES,
  TGI_PAGES,
  TRITON_PAGES,
  TRTLLM_SERVE_PAGES,
  VLLM_PAGES,
} from '../__fixtures__/engines.ts';
import {
  type FixturePage,
  metricsFixture,
  type PageServer,
  startPageServer,
} from '../__fixtures__/page-server.ts';
import { createPageClient, type PageClient } from '../pages/page-client.ts';
import { type RecogniseOptions, recogniseEngine } from './recognise.ts';

let server: PageServer;
let client: PageClient;

async function recognise(pages: EnginePages, how: Partial<RecogniseOptions> = {}) {
  server = await startPageServer(pages);
  client = createPageClient();
  return recogniseEngine(server.url, { client, timeoutMs: 5000, ...how });
}

/** The pages that are left when only these paths answer. */
const only = (pages: EnginePages, ...paths: string[]): EnginePages =>
  Object.fromEntries(Object.entries(pages).filter(([path]) => paths.includes(path)));

afterEach(async () => {
  await client.close();
  await server.close();
});

describe('an engine with all its pages', () => {
  it.each<[EngineKind, EnginePages, object]>([
    [
      'vllm',
      VLLM_PAGES,
      { version: '0.11.0', models: ['llama-3.1-8b'], adapters: ['sql-lora', 'chat-lora'] },
    ],
    ['sglang', SGLANG_PAGES, { version: '0.5.3', models: ['qwen3-8b'], maxContextTokens: 40_960 }],
    ['llamacpp', LLAMACPP_PAGES, { version: 'b6730-e60f01d9', models: ['qwen3-4b'], adapters: ['poet'] }],
    ['tgi', TGI_PAGES, { version: '3.3.4', models: ['bigscience/bloom-560m'] }],
    ['tensorrt-llm', TRTLLM_SERVE_PAGES, { version: '1.1.0', models: ['llama-8b'] }],
    ['tensorrt-llm', TRITON_PAGES, { version: '2.61.0', models: ['ensemble'] }],
    ['openai', OPENAI_PAGES, { models: ['gpt-oss-20b', 'nomic-embed'], adapters: [] }],
  ])('%s is recognised', async (kind, pages, expected) => {
    const found = await recognise(pages);
    expect(found).toMatchObject({ ok: true, kind, ...expected });
    expect(found.ok && found.evidence.length).toBeGreaterThan(0);
  });
});

describe('an engine with only some of its pages', () => {
  const anonymous = { object: 'list', data: [{ id: 'm', object: 'model' }] };

  it.each<[EngineKind, string, EnginePages]>([
    ['vllm', 'owned_by "vllm"', only(VLLM_PAGES, '/v1/models')],
    ['vllm', 'metrics named vllm:', { '/metrics': metricsFixture('vllm-v0'), '/v1/models': anonymous }],
    ['sglang', 'owned_by "sglang"', only(SGLANG_PAGES, '/v1/models')],
    ['sglang', '/server_info has model_path', only(SGLANG_PAGES, '/server_info')],
    [
      'llamacpp',
      '/props has default_generation_settings',
      { ...only(LLAMACPP_PAGES, '/props'), '/v1/models': anonymous },
    ],
    ['tgi', 'metrics named tgi_', { '/metrics': metricsFixture('tgi'), '/v1/models': anonymous }],
    ['tgi', '/info has model_id', only(TGI_PAGES, '/info')],
    ['tensorrt-llm', 'owned_by "tensorrt_llm"', only(TRTLLM_SERVE_PAGES, '/v1/models', '/version')],
    ['tensorrt-llm', '/v2 has name', { ...only(TRITON_PAGES, '/v2'), '/v1/models': anonymous }],
  ])('%s is recognised by %s', async (kind, sign, pages) => {
    const found = await recognise(pages);
    expect(found).toMatchObject({ ok: true, kind });
    expect(found.ok && found.evidence.join()).toContain(sign);
  });

  it('is not mistaken by a page that many have: trtllm-serve has a /version as vLLM has', async () => {
    expect(await recognise(TRTLLM_SERVE_PAGES)).toMatchObject({ kind: 'tensorrt-llm' });
  });

  it('is not mistaken by an /info page of an embedding server', async () => {
    const embeddings = { '/info': { model_id: 'bge', max_input_length: 512 }, '/v1/models': anonymous };
    expect(await recognise(embeddings)).toMatchObject({ ok: true, kind: 'openai' });
  });
});

describe('an engine that is known', () => {
  it('is asked only for its listing', async () => {
    const found = await recognise(VLLM_PAGES, { kind: 'vllm' });
    expect(found).toMatchObject({
      ok: true,
      kind: 'vllm',
      models: ['llama-3.1-8b'],
      evidence: ['configured as vLLM'],
    });
    expect(server.requests.map(({ url }) => url).sort()).toEqual(['/v1/models', '/version']);
  });

  it('stays what it was said to be', async () => {
    expect(await recognise(VLLM_PAGES, { kind: 'openai' })).toMatchObject({ ok: true, kind: 'openai' });
  });
});

describe('an address where it fails', () => {
  it('says so when nobody is there, with the cause', async () => {
    server = await startPageServer({});
    await server.close();
    client = createPageClient();
    const found = await recogniseEngine(server.url, { client });
    expect(found).toMatchObject({ ok: false, isReachable: false, isLoading: false });
    expect(!found.ok && found.message).toMatch(/^no engine that Signalbox knows was found at .*ECONNREFUSED/);
  });

  it('says so when nothing is answered in time, within that time', async () => {
    const hang: FixturePage = () => {};
    const paths = [
      '/v1/models',
      '/version',
      '/metrics',
      '/props',
      '/server_info',
      '/get_server_info',
      '/info',
      '/v2',
    ];
    const found = await recognise(
      Object.fromEntries([...paths, '/prometheus/metrics', '/lora-adapters'].map((path) => [path, hang])),
      { timeoutMs: 100 },
    );
    expect(found).toMatchObject({ ok: false, isReachable: false });
    expect(!found.ok && found.message).toContain('no complete answer within 100 ms');
  });

  it('says what was tried', async () => {
    const found = await recognise({ '/version': 500 });
    expect(found).toMatchObject({ ok: false, isReachable: true });
    expect(!found.ok && found.tried).toContain(`/version: GET ${server.url}/version: answered 500`);
    expect(!found.ok && found.tried).toContain(`/metrics: GET ${server.url}/metrics: answered 404`);
    expect(!found.ok && found.message).toContain('name the engine and its models in the configuration');
  });

  it('says that a key is wanted', async () => {
    const found = await recognise({ ...VLLM_PAGES, '/v1/models': 401 });
    expect(found).toMatchObject({ ok: false, kind: 'vllm', isReachable: true });
    expect(!found.ok && found.message).toMatch(
      /vLLM at .* does not tell which models it serves: it wants a key/,
    );
  });

  it('uses the key that it is given', async () => {
    const locked: FixturePage = (request, response) => {
      if (request.headers.authorization !== 'Bearer secret') return void response.writeHead(401).end();
      response.end(JSON.stringify(VLLM_PAGES['/v1/models']));
    };
    const pages = { ...VLLM_PAGES, '/v1/models': locked };
    expect(await recognise(pages, { authorization: { type: 'bearer', token: 'secret' } })).toMatchObject({
      ok: true,
    });
  });

  it('says that the engine is loading', async () => {
    const loading = Object.fromEntries(Object.keys(LLAMACPP_PAGES).map((path) => [path, LLAMACPP_LOADING]));
    const found = await recognise(loading);
    expect(found).toMatchObject({ ok: false, isReachable: true, isLoading: true });
    expect(!found.ok && found.message).toContain('not ready yet (503)');
  });

  it('is given up at once when nobody cares any more', async () => {
    const giveUp = new AbortController();
    const hang: FixturePage = () => giveUp.abort();
    const found = await recognise({ '/v1/models': hang }, { signal: giveUp.signal, timeoutMs: 60_000 });
    expect(found.ok).toBe(false);
  });
});
