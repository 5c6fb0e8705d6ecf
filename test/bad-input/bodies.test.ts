import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { callRaw, rawHead } from '../gateway/support/raw.ts';
import { aChat, failureOf } from './support/calls.ts';
import { ANSWER } from './support/engine.ts';
import { openHouses } from './support/house.ts';

const startHouse = openHouses();

const MIB = 1024 * 1024;

interface Refused {
  readonly what: string;
  readonly body: object | string | Uint8Array;
  readonly status?: number;
  readonly code: string;
  readonly param?: string;
  readonly says: RegExp;
}

const nested = (levels: number) => `{"model":"m","messages":${'['.repeat(levels)}${']'.repeat(levels)}}`;
const withBytes = (...bytes: number[]) =>
  Buffer.concat([
    Buffer.from('{"model":"m","messages":[{"role":"user","content":"'),
    Buffer.from(bytes),
    Buffer.from('"}]}'),
  ]);

const REFUSED: readonly Refused[] = [
  { what: 'nothing in it', body: '', code: 'invalid_json', says: /empty/ },
  { what: 'blanks in it', body: ' \r\n ', code: 'invalid_json', says: /found the end .* line 2, column 2/ },
  {
    what: 'JSON that breaks off',
    body: '{"model":"m",\n"messages":[',
    code: 'invalid_json',
    says: /found the end where a value should be, at line 2, column 13 \(byte 26\)/,
  },
  { what: 'single quotes', body: "{'model':'m'}", code: 'invalid_json', says: /found ''' .*byte 1\)/ },
  {
    what: 'a comma too many',
    body: '{"model":"m","messages":[1,],}',
    code: 'invalid_json',
    says: /found '\]' where a value/,
  },
  {
    what: 'something after its end',
    body: '{"model":"m","messages":[1]} x',
    code: 'invalid_json',
    says: /found 'x' where the end of the body/,
  },
  { what: 'a number that is none', body: '{"model":"m","n":NaN}', code: 'invalid_json', says: /found 'N'/ },
  {
    what: 'a line break inside a string',
    body: '{"model":"m\n"}',
    code: 'invalid_json',
    says: /byte 0x0a inside a string/,
  },
  { what: 'a byte order mark', body: '\uFEFF{"model":"m"}', code: 'invalid_json', says: /0xef.*byte 0/ },
  { what: 'UTF-16', body: Buffer.from('{"model":"m"}', 'utf16le'), code: 'invalid_json', says: /0x00/ },
  { what: 'HTML', body: '<html></html>', code: 'invalid_json', says: /found '<'/ },
  { what: 'an array', body: '[1]', code: 'invalid_request', says: /must be a JSON object/ },
  { what: 'null', body: 'null', code: 'invalid_request', says: /must be a JSON object/ },
  {
    what: 'a lone continuation byte',
    body: withBytes(0x80),
    code: 'invalid_json',
    says: /not UTF-8.*byte 51/,
  },
  { what: 'an overlong slash', body: withBytes(0xc0, 0xaf), code: 'invalid_json', says: /not UTF-8/ },
  { what: 'half a character', body: withBytes(0xe2, 0x82), code: 'invalid_json', says: /not UTF-8/ },
  {
    what: 'a surrogate as UTF-8',
    body: withBytes(0xed, 0xa0, 0x80),
    code: 'invalid_json',
    says: /not UTF-8/,
  },
  { what: 'nesting of 129 levels', body: nested(128), code: 'invalid_json', says: /more than 128 levels/ },
  { what: 'nesting of a million', body: nested(1e6), code: 'invalid_json', says: /more than 128 levels/ },
  {
    what: 'objects in objects without end',
    body: `{"model":"m","messages":[{}],"x":${'{"a":'.repeat(500_000)}`,
    code: 'invalid_json',
    says: /more than 128 levels/,
  },
  { what: 'no model', body: { model: undefined }, code: 'missing_field', param: 'model', says: /missing/ },
  { what: 'an empty model', body: { model: '' }, code: 'missing_field', param: 'model', says: /empty/ },
  {
    what: 'a number for a model',
    body: { model: 7 },
    code: 'invalid_value',
    param: 'model',
    says: /found 7/,
  },
  {
    what: 'an unknown model',
    body: { model: 'mm' },
    status: 404,
    code: 'model_not_found',
    param: 'model',
    says: /'mm' does not exist here.*There are: m\./,
  },
  {
    what: 'no messages',
    body: { messages: undefined },
    code: 'missing_field',
    param: 'messages',
    says: /missing/,
  },
  { what: 'empty messages', body: { messages: [] }, code: 'missing_field', param: 'messages', says: /empty/ },
  {
    what: 'messages that are no array',
    body: { messages: 'hello' },
    code: 'invalid_value',
    param: 'messages',
    says: /found "hello"/,
  },
  {
    what: 'negative max_tokens',
    body: { max_tokens: -1 },
    code: 'invalid_value',
    param: 'max_tokens',
    says: /at least 0; found -1/,
  },
  {
    what: 'half a token',
    body: { max_tokens: 1.5 },
    code: 'invalid_value',
    param: 'max_tokens',
    says: /found 1\.5/,
  },
  {
    what: 'a negative max_completion_tokens',
    body: { max_completion_tokens: -7, max_tokens: 7 },
    code: 'invalid_value',
    param: 'max_completion_tokens',
    says: /found -7/,
  },
  {
    what: 'more tokens than numbers can count',
    body: '{"model":"m","messages":[1],"max_tokens":1e400}',
    code: 'invalid_value',
    param: 'max_tokens',
    says: /found 1e400/,
  },
  {
    what: 'a word for stream',
    body: { stream: 'yes' },
    code: 'invalid_value',
    param: 'stream',
    says: /"yes"/,
  },
];

describe('a body with', () => {
  it.each(REFUSED)('$what is refused, and no engine hears of it', async (given) => {
    const { body, status = 400, code, param = null, says } = given;
    const house = await startHouse([ANSWER]);
    const failure = await failureOf(await house.chat(body));
    const type = status === 404 ? 'not_found_error' : 'invalid_request_error';
    expect(failure).toEqual({ status, error: { code, type, param, message: expect.stringMatching(says) } });
    expect(house.engine.calls).toHaveLength(0);
  });

  it('nesting of 128 levels is the engine’s to judge', async () => {
    const house = await startHouse([ANSWER]);
    expect((await house.chat(nested(127))).status).toBe(200);
  });

  it('200,000 keys is read', async () => {
    const house = await startHouse([ANSWER]);
    const keys = Array.from({ length: 200_000 }, (_, index) => `"k${index}":${index}`).join(',');
    expect((await house.chat(`{${keys},"model":"m","messages":[1]}`)).status).toBe(200);
  });

  it('a key twice goes by the last', async () => {
    const house = await startHouse([ANSWER]);
    const body = '{"model":"gone","messages":[],"model":"m","messages":[{"role":"user","content":"x"}]}';
    expect((await house.chat(body)).status).toBe(200);
    expect(house.engine.calls[0]!.body.toString()).toBe(body);
  });
});

/** A chat call whose body has this many bytes. */
function aBodyOf(bytes: number): Buffer {
  const empty = JSON.stringify(aChat({ messages: [{ role: 'user', content: '' }] }));
  const body = Buffer.alloc(bytes, 'The quick brown fox. ');
  const split = empty.indexOf('""') + 1;
  body.write(empty.slice(0, split), 0);
  body.write(empty.slice(split), bytes - (empty.length - split));
  return body;
}

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('a large body', () => {
  it('of 31 MiB arrives at the engine as it was sent, byte by byte', async () => {
    const house = await startHouse([ANSWER]);
    const body = aBodyOf(31 * MIB);
    expect((await house.chat(body)).status).toBe(200);
    const received = house.engine.calls[0]!;
    expect(received.headers['content-length']).toBe(String(31 * MIB));
    expect(digest(received.body)).toBe(digest(body));
  });

  it('of just 32 MiB is served, of one byte more refused', async () => {
    const house = await startHouse([ANSWER]);
    expect((await house.chat(aBodyOf(32 * MIB))).status).toBe(200);
    const failure = await failureOf(await house.chat(aBodyOf(32 * MIB + 1)));
    expect(failure).toMatchObject({ status: 413, error: { code: 'request_too_large' } });
  });

  it('of 33 MiB is refused', async () => {
    const house = await startHouse([ANSWER]);
    expect(await failureOf(await house.chat(aBodyOf(33 * MIB)))).toEqual({
      status: 413,
      error: {
        code: 'request_too_large',
        type: 'invalid_request_error',
        param: null,
        message: expect.stringContaining('33554432'),
      },
    });
    expect(house.engine.calls).toHaveLength(0);
  });

  it('of 33 MiB is refused when it comes in chunks and does not tell its length', async () => {
    const house = await startHouse([ANSWER]);
    const head = rawHead(['content-type: application/json', 'transfer-encoding: chunked']);
    const caller = await callRaw(house.port, head);
    const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(MIB, 'x'), Buffer.from('\r\n')]);
    for (let sent = 0; sent < 33; sent += 1) caller.send(chunk);
    const answer = await caller.untilClosed();
    expect(answer).toMatch(/^HTTP\/1\.1 413 [\s\S]*"code":"request_too_large"/);
    expect(house.engine.calls).toHaveLength(0);
  });

  it('has its mistake found at its very end without holding up others', async () => {
    const house = await startHouse([ANSWER]);
    const body = aBodyOf(31 * MIB);
    body[body.length - 10] = 0xff;
    const large = house.chat(body).then(failureOf);
    expect((await house.chat()).status).toBe(200);
    expect(await large).toMatchObject({ status: 400, error: { code: 'invalid_json' } });
  });
});
