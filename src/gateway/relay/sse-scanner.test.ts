import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SseScanner } from './sse-scanner.ts';

function scan(...chunks: string[]): SseScanner {
  const scanner = new SseScanner();
  for (const chunk of chunks) scanner.push(Buffer.from(chunk));
  return scanner;
}

describe('SseScanner', () => {
  it.each([
    ['nothing', '', 0],
    ['one event', 'data: {"a":1}\n\n', 1],
    ['two events in one chunk', 'data: 1\n\ndata: 2\n\n', 2],
    ['an event of several data lines', 'data: 1\ndata: 2\n\n', 1],
    ['an event with a name and an id', 'event: x\nid: 7\ndata: 1\n\n', 1],
    ['an event without a space after the colon', 'data:1\n\n', 1],
    ['an event with empty data', 'data\n\ndata:\n\ndata: \n\n', 0],
    ['comments', ': hello\n\n: again\n\n', 0],
    ['an event without data', 'event: ping\n\n', 0],
    ['lines that end in carriage return and line feed', 'data: 1\r\n\r\ndata: 2\r\n\r\n', 2],
    ['an event that is not over', 'data: 1\n', 0],
    ['the closing mark, which is no event', 'data: 1\n\ndata: [DONE]\n\n', 1],
    ['a field that only begins like data', 'database: 1\n\n', 0],
  ])('counts %s', (_, text, expected) => {
    expect(scan(text).dataFrames).toBe(expected);
  });

  it('sees the closing mark, also when it is cut in two', () => {
    expect(scan('data: [DONE]\n\n').isDone).toBe(true);
    expect(scan('data: [DO', 'NE]\n\n').isDone).toBe(true);
    expect(scan('data:[DONE]\r\n\r\n').isDone).toBe(true);
    expect(scan('data: [DONE] not\n\n').isDone).toBe(false);
    expect(scan('data: "[DONE]"\n\n').isDone).toBe(false);
  });

  it('sees an error that the engine tells of, and none in the text of an answer', () => {
    expect(scan('data: {"error":{"message":"x"}}\n\n').sawError).toBe(true);
    expect(scan('data: {"er', 'ror": "x"}\n\n').sawError).toBe(true);
    expect(scan('data: {"content":"{\\"error\\": 1}"}\n\n').sawError).toBe(false);
    expect(scan('data: {"errors":0}\n\n').sawError).toBe(false);
    expect(scan('event: er', 'ror\ndata: {"type":"error"}\n\n').sawError).toBe(true);
    expect(scan('event:error\r\ndata: {}\r\n\r\n').sawError).toBe(true);
    expect(scan('event: errors\ndata: {}\n\n', 'data: event: error\n\n').sawError).toBe(false);
  });

  it('knows whether it stands between two events', () => {
    expect(scan().isBetweenFrames).toBe(true);
    expect(scan('data: 1\n\n').isBetweenFrames).toBe(true);
    expect(scan('data: 1\n').isBetweenFrames).toBe(false);
    expect(scan('data: 1').isBetweenFrames).toBe(false);
    expect(scan('data: 1', '\n', '\n').isBetweenFrames).toBe(true);
    expect(scan('data: 1\n\n: comment\n').isBetweenFrames).toBe(false);
  });

  it('keeps little of a line that never ends', () => {
    const scanner = scan('data: ', ...Array.from({ length: 100 }, () => 'x'.repeat(10_000)), '\n\n');
    expect(scanner.dataFrames).toBe(1);
  });

  it('counts what a full parser counts, however the bytes are cut', () => {
    const line = fc.oneof(
      fc.constantFrom(
        'data: {"a":1}',
        'data:x',
        'data: [DONE]',
        ': comment',
        'event: e',
        'id: 1',
        'nonsense',
      ),
      fc.string({ maxLength: 60 }).map((text) => `data: ${text.replace(/[\r\n]/g, ' ')}`),
    );
    const frame = fc.array(line, { minLength: 1, maxLength: 3 }).map((lines) => `${lines.join('\n')}\n\n`);
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.nat(40)), (frames, cuts) => {
        const bytes = Buffer.from(frames.join(''));
        const events: string[] = [];
        createParser({ onEvent: ({ data }) => events.push(data) }).feed(bytes.toString());
        const scanner = new SseScanner();
        for (const piece of cut(bytes, cuts)) scanner.push(piece);
        const counted = events.filter((data) => /[^\n]/.test(data.replace(/^\[DONE\]$/gm, '')));
        expect(scanner.dataFrames).toBe(counted.length);
        expect(scanner.isBetweenFrames).toBe(true);
      }),
    );
  });
});

function cut(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const length of lengths) {
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  pieces.push(bytes.subarray(at));
  return pieces;
}
