/** Counts the events of a stream as their bytes come, and compares the bytes with those that were sent. */

const FRAME_END = '\n\n';
const LF = 0x0a;

export class FrameCounter {
  readonly #expected: Buffer;
  #frames = 0;
  #offset = 0;
  #isIdentical = true;
  #endsWithLineFeed = false;

  constructor(expected: Buffer) {
    this.#expected = expected;
  }

  /** Events that have come whole. */
  get frames(): number {
    return this.#frames;
  }

  /** Whether every byte so far is the one that was sent. */
  get isIdentical(): boolean {
    return this.#isIdentical;
  }

  push(bytes: Buffer, start: number, end: number): void {
    if (start === end) return;
    const expectedEnd = this.#offset + end - start;
    if (expectedEnd > this.#expected.length) this.#isIdentical = false;
    else if (this.#expected.compare(bytes, start, end, this.#offset, expectedEnd) !== 0) {
      this.#isIdentical = false;
    }
    this.#offset = expectedEnd;
    this.#count(bytes, start, end);
  }

  #count(bytes: Buffer, start: number, end: number): void {
    let from = start;
    if (this.#endsWithLineFeed && bytes[start] === LF) {
      this.#frames += 1;
      from += 1;
    }
    for (;;) {
      const at = bytes.indexOf(FRAME_END, from, 'latin1');
      if (at === -1 || at + FRAME_END.length > end) break;
      this.#frames += 1;
      from = at + FRAME_END.length;
    }
    this.#endsWithLineFeed = from < end && bytes[end - 1] === LF;
  }
}
