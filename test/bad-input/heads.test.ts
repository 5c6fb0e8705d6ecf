import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { callRaw, parseRawAnswer } from '../gateway/support/raw.ts';
import { aChat } from './support/calls.ts';
import { ANSWER } from './support/engine.ts';
import { type House, openHouses } from './support/house.ts';

const startHouse = openHouses();

const BODY = JSON.stringify(aChat());
const LENGTH = `content-length: ${BODY.length}`;
const JSON_TYPE = 'content-type: application/json';

/** Sends a chat call with just these header lines, and gives all that was answered until the connection closed. */
async function answerTo(house: House, headers: readonly string[], body = BODY): Promise<string> {
  const head = ['POST /v1/chat/completions HTTP/1.1', ...headers, 'connection: close', '', ''].join('\r\n');
  return (await callRaw(house.port, head + body)).untilClosed();
}

interface Head {
  readonly what: string;
  readonly headers: readonly string[];
  readonly body?: string;
  readonly status: number;
  readonly code: string;
}

const REFUSED: readonly Head[] = [
  {
    what: 'two lengths that differ',
    headers: ['host: x', JSON_TYPE, LENGTH, 'content-length: 5'],
    status: 400,
    code: 'bad_http',
  },
  {
    what: 'the same length twice',
    headers: ['host: x', JSON_TYPE, LENGTH, LENGTH],
    status: 400,
    code: 'bad_http',
  },
  {
    what: 'two lengths in one header',
    headers: ['host: x', JSON_TYPE, `${LENGTH}, ${BODY.length}`],
    status: 400,
    code: 'bad_http',
  },
  {
    what: 'a length and chunks at once',
    headers: ['host: x', JSON_TYPE, LENGTH, 'transfer-encoding: chunked'],
    body: `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`,
    status: 400,
    code: 'bad_http',
  },
  {
    what: 'chunks, and a length after them',
    headers: ['host: x', JSON_TYPE, 'transfer-encoding: chunked', LENGTH],
    body: `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`,
    status: 400,
    code: 'bad_http',
  },
  {
    what: 'a transfer coding that is none',
    headers: ['host: x', JSON_TYPE, 'transfer-encoding: xchunked'],
    status: 400,
    code: 'bad_http',
  },
  {
    what: 'chunks that are not the last coding',
    headers: ['host: x', JSON_TYPE, 'transfer-encoding: chunked, identity'],
    status: 400,
    code: 'bad_http',
  },
  {
    what: 'a negative length',
    headers: ['host: x', JSON_TYPE, 'content-length: -1'],
    status: 400,
    code: 'bad_http',
  },
  {
    what: 'a space before the colon',
    headers: ['host: x', JSON_TYPE, `content-length : ${BODY.length}`],
    status: 400,
    code: 'bad_http',
  },
  {
    what: 'a header folded over two lines',
    headers: ['host: x', 'x-folded: a', ' b', JSON_TYPE, LENGTH],
    status: 400,
    code: 'bad_http',
  },
  {
    what: 'a NUL in a header',
    headers: ['host: x', 'x-nul: a\0b', JSON_TYPE, LENGTH],
    status: 400,
    code: 'bad_http',
  },
  { what: 'no host', headers: [JSON_TYPE, LENGTH], status: 400, code: 'bad_http' },
  { what: 'two hosts', headers: ['host: x', 'host: y', JSON_TYPE, LENGTH], status: 400, code: 'bad_http' },
  { what: 'no content type', headers: ['host: x', LENGTH], status: 415, code: 'unsupported_media_type' },
  {
    what: 'a content type that is not JSON',
    headers: ['host: x', 'content-type: text/plain', LENGTH],
    status: 415,
    code: 'unsupported_media_type',
  },
  {
    what: 'a compressed body',
    headers: ['host: x', JSON_TYPE, 'content-encoding: gzip', LENGTH],
    status: 415,
    code: 'unsupported_media_type',
  },
  {
    what: 'headers of 20 kB',
    headers: ['host: x', JSON_TYPE, `x-long: ${'a'.repeat(20_000)}`, LENGTH],
    status: 431,
    code: 'headers_too_large',
  },
  {
    what: 'a priority that is none',
    headers: ['host: x', JSON_TYPE, LENGTH, 'x-signalbox-priority: SOON'],
    status: 400,
    code: 'invalid_value',
  },
  {
    what: 'the same hint twice',
    headers: ['host: x', JSON_TYPE, LENGTH, 'x-signalbox-priority: HIGH', 'x-signalbox-priority: LOW'],
    status: 400,
    code: 'invalid_value',
  },
  {
    what: 'a deadline in the past',
    headers: ['host: x', JSON_TYPE, LENGTH, 'x-signalbox-deadline-ms: -5'],
    status: 400,
    code: 'invalid_value',
  },
];

describe('a call with', () => {
  it.each(REFUSED)('$what is answered $status $code', async ({ headers, body, status, code }) => {
    const house = await startHouse([ANSWER]);
    const answer = await answerTo(house, headers, body);
    expect(parseRawAnswer(answer)).toMatchObject({ status, body: { error: { code } } });
    expect(answer.match(/^HTTP\/1\.1 \d{3} /gm)).toHaveLength(1);
    expect(house.engine.calls).toHaveLength(0);
  });

  it('chunks whose trailing bytes form a second call does not smuggle it in', async () => {
    const house = await startHouse([ANSWER]);
    const smuggled = `POST /v1/completions HTTP/1.1\r\nhost: x\r\n\r\n`;
    const body = `0\r\n\r\n${smuggled}`;
    const answer = await answerTo(
      house,
      ['host: x', JSON_TYPE, `content-length: ${body.length}`, 'transfer-encoding: chunked'],
      body,
    );
    expect(parseRawAnswer(answer)).toMatchObject({ status: 400, body: { error: { code: 'bad_http' } } });
    expect(house.engine.calls).toHaveLength(0);
  });

  it('an unknown method or path is told what there is', async () => {
    const house = await startHouse([ANSWER]);
    const [path, method] = await Promise.all([
      fetch(`${house.url}/v1/chat/completion`),
      fetch(`${house.url}/v1/chat/completions`),
    ]);
    expect([path.status, await path.json()]).toMatchObject([404, { error: { code: 'unknown_path' } }]);
    expect([method.status, await method.json()]).toMatchObject([
      405,
      { error: { code: 'method_not_allowed' } },
    ]);
    expect(method.headers.get('allow')).toBe('POST');
  });
});

describe('two authorization headers', () => {
  const KEY = 'sk-sb-right';
  const KEYS = { keys: { me: { sha256: createHash('sha256').update(KEY).digest('hex') } } };

  it('count as the first alone', async () => {
    const house = await startHouse([ANSWER], {
      config: { auth: KEYS, listeners: LOOPBACK },
      headers: { authorization: `Bearer ${KEY}` },
    });
    const right = `authorization: Bearer ${KEY}`;
    const wrong = 'authorization: Bearer sk-sb-wrong';
    const common = ['host: x', JSON_TYPE, LENGTH];
    expect(await answerTo(house, [...common, right, wrong])).toMatch(/^HTTP\/1\.1 200/);
    const refused = await answerTo(house, [...common, wrong, right]);
    expect(parseRawAnswer(refused)).toMatchObject({
      status: 401,
      body: { error: { code: 'invalid_api_key' } },
    });
    expect(house.engine.calls).toHaveLength(1);
  });
});

const LOOPBACK = { data: { host: '127.0.0.1', port: 0 }, control: { port: 0 } };
