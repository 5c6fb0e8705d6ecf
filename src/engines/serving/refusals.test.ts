import { describe, expect, it } from 'vitest';
import { aServer, chat, complete, post, rawExchange, scripted } from './__fixtures__/serving.ts';

const endless = 'x'.repeat(4 * 131_072);

describe('requests that a real engine would refuse', () => {
  it.each([
    ['malformed JSON', '{"model": ', 400, /not valid JSON/],
    ['a body that is no object', '[1]', 400, /must be a JSON object/],
    ['no messages', { messages: [] }, 400, /'messages' must be an array with at least one message/],
    ['messages that are no array', { messages: 'hi' }, 400, /'messages' must be an array/],
    [
      'a message without role',
      { messages: [{ content: 'hi' }] },
      400,
      /messages\[0\] must be an object with a 'role'/,
    ],
    [
      'a content that is a number',
      { messages: [{ role: 'user', content: 5 }] },
      400,
      /messages\[0\]\.content/,
    ],
    [
      'a part that is a text',
      { messages: [{ role: 'user', content: ['a'] }] },
      400,
      /a part that is not an object/,
    ],
    [
      'a negative max_tokens',
      { max_tokens: -1 },
      400,
      /'max_tokens' must be a whole number of at least 1; found -1/,
    ],
    ['half a token', { max_tokens: 0.5 }, 400, /'max_tokens'/],
    [
      'a temperature of 3',
      { temperature: 3 },
      400,
      /'temperature' must be a number of at least 0 and at most 2; found 3/,
    ],
    ['a seed that is a text', { seed: 'x' }, 400, /'seed'/],
    ['two answers', { n: 2 }, 400, /'n' is 2; only 1 is supported/],
    ['the best of three', { best_of: 3 }, 400, /'best_of' is 3/],
    ['a stream flag that is a text', { stream: 'yes' }, 400, /'stream' must be true or false; found "yes"/],
    ['stream options without a stream', { stream_options: {} }, 400, /only allowed when 'stream' is true/],
    [
      'stream options that are a text',
      { stream: true, stream_options: 'x' },
      400,
      /'stream_options' must be an object/,
    ],
    ['a stop that is a number', { stop: 5 }, 400, /'stop' must be a string or an array of strings/],
    ['a model that is not served', { model: 'gpt-9' }, 404, /The model `gpt-9` does not exist/],
    ['a model that is a number', { model: 5 }, 400, /'model' must be a string/],
    [
      'a prompt longer than the context',
      { messages: [{ role: 'user', content: endless }] },
      400,
      /maximum context length is 131072 tokens/,
    ],
    [
      'more tokens than the context has left',
      { max_tokens: 131_072 },
      400,
      /maximum context length is 131072 tokens/,
    ],
  ])('%s', async (_, body, status, message) => {
    const { url } = await aServer();
    const path = `${url}/v1/chat/completions`;
    const response = typeof body === 'string' ? await post(path, body) : await chat(url, body);
    expect(response.status).toBe(status);
    const { error } = (await response.json()) as { error: { message: string; code: number; type: string } };
    expect(error.message).toMatch(message);
    expect(error).toMatchObject({ code: status, type: status === 404 ? 'NotFoundError' : 'BadRequestError' });
  });

  it.each([
    [
      'no prompt',
      { prompt: undefined },
      /'prompt' must be a non-empty string or an array of token ids; found missing/,
    ],
    ['an empty prompt', { prompt: '' }, /'prompt'/],
    ['two prompts', { prompt: ['a', 'b'] }, /'prompt' has 2 prompts; exactly 1/],
    ['negative token ids', { prompt: [1, -2] }, /'prompt'/],
    ['an echo', { echo: true }, /'echo' is not supported/],
    ['a suffix', { suffix: 'x' }, /'suffix' is not supported/],
  ])('a text completion with %s', async (_, body, message) => {
    const { url } = await aServer();
    const response = await complete(url, body);
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(message);
  });

  it('are answered while the next one on the same connection is served', async () => {
    const { url } = await aServer();
    const request = (body: string, close = '') =>
      `POST /v1/completions HTTP/1.1\r\nhost: x\r\n${close}content-length: ${body.length}\r\n\r\n${body}`;
    const received = await rawExchange(
      url,
      request('{') + request('{"prompt":"hello","max_tokens":1}', 'connection: close\r\n'),
    );
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400', 'HTTP/1.1 200']);
  });

  it('token ids, where the engine has no vocabulary to show', async () => {
    const engine = scripted(async function* () {
      yield* [];
    });
    const { url } = await aServer({ engine });
    expect(await (await complete(url, { prompt: [1, 2] })).text()).toContain('takes no token ids');
  });

  it('fields with null are as if left out', async () => {
    const { url } = await aServer();
    const nothing = { max_tokens: null, stop: null, stream: null, seed: null, n: null, stream_options: null };
    expect((await chat(url, nothing)).status).toBe(200);
  });
});

describe('each dialect refuses in its own shape', () => {
  it.each([
    ['vllm', { error: { type: 'BadRequestError', code: 400, param: null } }],
    ['sglang', { object: 'error', type: 'BadRequestError', code: 400, param: null }],
    ['llamacpp', { error: { type: 'exceed_context_size_error', code: 400 } }],
  ] as const)('%s', async (dialect, shape) => {
    const { url } = await aServer({ dialect });
    const response = await complete(url, { prompt: endless });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject(shape);
  });

  it('llama.cpp cuts max_tokens to what the context has left', async () => {
    const { url } = await aServer({ dialect: 'llamacpp' });
    expect((await complete(url, { max_tokens: 1_000_000 })).status).toBe(200);
  });

  it.each([
    ['vllm', 404, '/nowhere', { detail: 'Not Found' }],
    ['vllm', 405, '/v1/completions', { detail: 'Method Not Allowed' }],
    ['sglang', 404, '/version', { detail: 'Not Found' }],
    ['llamacpp', 404, '/version', { error: { code: 404, type: 'not_found_error' } }],
  ] as const)('%s answers %d to GET %s', async (dialect, status, path, body) => {
    const { url } = await aServer({ dialect });
    const response = await fetch(url + path);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject(body);
    if (status === 405) expect(response.headers.get('allow')).toBe('POST');
  });
});
