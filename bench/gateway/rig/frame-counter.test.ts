import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LAST_FRAMES, streamBody } from './answers.ts';
import { FrameCounter } from './frame-counter.ts';

const FRAMES = 5;
const BODY = streamBody(FRAMES);
const ALL_FRAMES = FRAMES + LAST_FRAMES.length;

function counted(body: Buffer, cuts: readonly number[] = []): FrameCounter {
  const counter = new FrameCounter(BODY);
  const places = [0, ...cuts.toSorted((a, b) => a - b), body.length];
  for (let index = 1; index < places.length; index += 1) {
    counter.push(body, places[index - 1]!, places[index]!);
  }
  return counter;
}

describe('the events of a stream', () => {
  it('are all counted when all came, wherever their bytes were cut', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(BODY.length)), (cuts) => {
        const { frames, isIdentical } = counted(BODY, cuts);
        expect({ frames, isIdentical }).toEqual({ frames: ALL_FRAMES, isIdentical: true });
      }),
    );
  });

  it('are counted once they are whole', () => {
    const first = BODY.indexOf('\n\n');
    expect(counted(BODY.subarray(0, first)).frames).toBe(0);
    expect(counted(BODY.subarray(0, first + 1)).frames).toBe(0);
    expect(counted(BODY.subarray(0, first + 2)).frames).toBe(1);
  });
});

describe('a stream that was altered', () => {
  it.each([
    ['a byte is another', (body: Buffer) => body.fill('X', 40, 41)],
    ['a byte is missing', (body: Buffer) => Buffer.concat([body.subarray(0, 40), body.subarray(41)])],
    ['two frames changed places', (body: Buffer) => swapFrames(body)],
    ['something follows its end', (body: Buffer) => Buffer.concat([body, Buffer.from('\n')])],
  ])('is noticed when %s', (_, alter) => {
    expect(counted(alter(Buffer.from(BODY)), [60, 200]).isIdentical).toBe(false);
  });

  it('is still counted, so that what is lost can be told from what is rewritten', () => {
    const rewritten = Buffer.from(BODY.toString().replaceAll('"index":0', '"index": 0'));
    expect(counted(rewritten, [10, 11, 12]).frames).toBe(ALL_FRAMES);
  });
});

function swapFrames(body: Buffer): Buffer {
  const [first, second, ...rest] = body.toString().split('\n\n');
  return Buffer.from([second, first, ...rest].join('\n\n'));
}
