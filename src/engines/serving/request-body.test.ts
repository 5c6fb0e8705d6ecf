import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { isObject, readJsonObject } from './request-body.ts';

const read = (...pieces: (string | Buffer)[]) =>
  readJsonObject(Readable.from(pieces.map((piece) => Buffer.from(piece))) as IncomingMessage);

describe('reading a JSON body', () => {
  it('takes it in one piece or in many, cut within a character too', async () => {
    const bytes = Buffer.from('{"a":"é😀"}');
    expect(await read(bytes)).toEqual({ a: 'é😀' });
    expect(await read(...[...bytes].map((byte) => Buffer.from([byte])))).toEqual({ a: 'é😀' });
  });

  it.each([
    ['nothing', ''],
    ['half of it', '{"a":'],
    ['no JSON', 'hello'],
    ['two of them', '{}{}'],
  ])('refuses %s as bad JSON and says where', async (_, body) => {
    await expect(read(body)).rejects.toMatchObject({ status: 400, code: 'invalid_json' });
    await expect(read(body)).rejects.toThrow(/not valid JSON: .+/);
  });

  it.each(['[]', 'null', '5', '"text"', 'true'])('refuses %s, which is no object', async (body) => {
    await expect(read(body)).rejects.toMatchObject({ status: 400, code: 'invalid_request' });
  });

  it('puts up with deep nesting', async () => {
    const depth = 50_000;
    const body = await read(`{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`);
    expect(Array.isArray(body.a)).toBe(true);
  });

  it('replaces what is no UTF-8', async () => {
    expect(await read(Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]))).toEqual({
      a: '\ufffd',
    });
  });

  it('refuses more than 64 MiB', async () => {
    const piece = Buffer.alloc(16 * 1024 * 1024, ' ');
    await expect(read(piece, piece, piece, piece, ' ')).rejects.toMatchObject({
      status: 413,
      code: 'request_too_large',
    });
  });
});

describe('an object', () => {
  it.each([
    [{}, true],
    [[], false],
    [null, false],
    ['{}', false],
    [undefined, false],
  ])('%j: %s', (value, expected) => {
    expect(isObject(value)).toBe(expected);
  });
});
