import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ResponseParser } from './response-parser.ts';

/** What a parser tells of these bytes, cut at these places. */
function read(text: string, cuts: readonly number[] = []) {
  const seen: { status: number; body: string; isOver: boolean }[] = [];
  const parser = new ResponseParser({
    onHead: (status) => seen.push({ status, body: '', isOver: false }),
    onBody: (bytes, start, end) => {
      seen.at(-1)!.body += bytes.toString('latin1', start, end);
    },
    onEnd: () => {
      seen.at(-1)!.isOver = true;
    },
  });
  const places = [0, ...cuts.toSorted((a, b) => a - b), text.length];
  for (let index = 1; index < places.length; index += 1) {
    parser.push(Buffer.from(text.slice(places[index - 1], places[index]), 'latin1'));
  }
  return { seen, parser };
}

const FIXED = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello';
const EMPTY = 'HTTP/1.1 404 Not Found\r\ncontent-length:0\r\n\r\n';
const CHUNKED =
  'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\ndata:\r\nd;name=value\r\n one\r\n\r\ntwo!!\r\n0\r\n\r\n';

describe('a response', () => {
  it('with a length ends after so many bytes', () => {
    expect(read(FIXED).seen).toEqual([{ status: 200, body: 'hello', isOver: true }]);
  });

  it('of length 0 has no body', () => {
    expect(read(EMPTY).seen).toEqual([{ status: 404, body: '', isOver: true }]);
  });

  it('in chunks is put together without their sizes, extensions and line ends', () => {
    expect(read(CHUNKED).seen).toEqual([{ status: 200, body: 'data: one\r\n\r\ntwo!!', isOver: true }]);
  });

  it('may have trailers behind its last chunk', () => {
    const text = CHUNKED.replace('0\r\n\r\n', '0\r\nx-checksum: 1\r\n\r\n') + FIXED;
    expect(read(text).seen).toMatchObject([{ isOver: true }, { body: 'hello', isOver: true }]);
  });

  it('without a length ends with the connection', () => {
    const { seen, parser } = read('HTTP/1.0 200 OK\r\n\r\nall of it');
    expect(seen).toEqual([{ status: 200, body: 'all of it', isOver: false }]);
    parser.close();
    expect(seen[0]!.isOver).toBe(true);
  });

  it.each([FIXED.slice(0, -1), CHUNKED.slice(0, -2), FIXED.slice(0, 10)])(
    'is not over when its connection ends in the middle of it: %j',
    (text) => {
      const { seen, parser } = read(text);
      parser.close();
      expect(seen.some(({ isOver }) => isOver)).toBe(false);
    },
  );

  it('is read alike however its bytes are cut', () => {
    const text = FIXED + CHUNKED + EMPTY + FIXED;
    const whole = read(text).seen;
    expect(whole).toHaveLength(4);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), (cuts) => {
        expect(read(text, cuts).seen).toEqual(whole);
      }),
    );
  });
});

describe('what is no response', () => {
  it.each([
    ['GET / HTTP/1.1\r\n\r\n', 'not an HTTP/1.1 response'],
    ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n', "a chunk's size"],
    ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc\r\n', 'behind a chunk'],
  ])('%j is refused', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});
