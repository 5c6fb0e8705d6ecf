/** Watches a stream of server-sent events go by: how many there were, and whether it stands between two of them. No JSON. */

const LF = 0x0a;
const CR = 0x0d;
const DATA = Buffer.from('data:');
const DONE = Buffer.from('[DONE]');
const ERROR = Buffer.from('{"error"');
/** As Anthropic's and OpenAI's newer streams name it. */
const ERROR_EVENTS = [Buffer.from('event: error'), Buffer.from('event:error')];

/** A line longer than what is kept of it is still counted as what its beginning says. */
const KEPT_LINE_BYTES = 32;

export class SseScanner {
  #dataFrames = 0;
  #isDone = false;
  #sawError = false;
  #frameHasData = false;
  /** The beginning of a line that the last chunk left unfinished. */
  #unfinishedLine: Buffer | undefined;
  #isBetweenFrames = true;

  /** Frames that carried data, without the closing `[DONE]`. */
  get dataFrames(): number {
    return this.#dataFrames;
  }

  /** Whether `data: [DONE]` went by. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Whether an event went by that tells of an error, as engines send it when they fail in the middle of an answer. */
  get sawError(): boolean {
    return this.#sawError;
  }

  /** Whether what has gone by ends with a whole frame, so that another frame may follow. */
  get isBetweenFrames(): boolean {
    return this.#isBetweenFrames;
  }

  push(chunk: Uint8Array): void {
    const bytes = chunk as Buffer;
    let lineStart = 0;
    while (lineStart < bytes.length) {
      const lineEnd = bytes.indexOf(LF, lineStart);
      if (lineEnd === -1) break;
      this.#onLine(bytes, lineStart, lineEnd);
      lineStart = lineEnd + 1;
    }
    if (lineStart < bytes.length) this.#keepUnfinished(bytes.subarray(lineStart));
  }

  #onLine(bytes: Buffer, start: number, end: number): void {
    if (this.#unfinishedLine !== undefined) {
      const line = Buffer.concat([
        this.#unfinishedLine,
        bytes.subarray(start, Math.min(end, start + KEPT_LINE_BYTES)),
      ]);
      this.#unfinishedLine = undefined;
      this.#onWholeLine(line, 0, line.length);
      return;
    }
    this.#onWholeLine(bytes, start, end);
  }

  #onWholeLine(bytes: Buffer, start: number, endWithCr: number): void {
    const end = endWithCr > start && bytes[endWithCr - 1] === CR ? endWithCr - 1 : endWithCr;
    if (end === start) {
      this.#onFrameEnd();
      return;
    }
    this.#isBetweenFrames = false;
    if (!beginsWith(bytes, start, end, DATA)) {
      if (ERROR_EVENTS.some((name) => isWhole(bytes, start, end, name))) this.#sawError = true;
      return;
    }
    const valueStart = bytes[start + DATA.length] === 0x20 ? start + DATA.length + 1 : start + DATA.length;
    if (end - valueStart === DONE.length && beginsWith(bytes, valueStart, end, DONE)) {
      this.#isDone = true;
    } else if (end > valueStart) {
      this.#frameHasData = true;
      if (beginsWith(bytes, valueStart, end, ERROR)) this.#sawError = true;
    }
  }

  #onFrameEnd(): void {
    if (this.#frameHasData) this.#dataFrames += 1;
    this.#frameHasData = false;
    this.#isBetweenFrames = true;
  }

  #keepUnfinished(rest: Buffer): void {
    this.#isBetweenFrames = false;
    const kept = this.#unfinishedLine;
    if (kept === undefined) {
      this.#unfinishedLine = rest.subarray(0, KEPT_LINE_BYTES);
    } else if (kept.length < KEPT_LINE_BYTES) {
      this.#unfinishedLine = Buffer.concat([kept, rest.subarray(0, KEPT_LINE_BYTES - kept.length)]);
    }
  }
}

/** Plain comparison of a few bytes; a native call would cost more than it saves. */
function isWhole(bytes: Buffer, start: number, end: number, wanted: Buffer): boolean {
  return end - start === wanted.length && beginsWith(bytes, start, end, wanted);
}

function beginsWith(bytes: Uint8Array, start: number, end: number, prefix: Uint8Array): boolean {
  if (end - start < prefix.length) return false;
  for (let index = 0; index < prefix.length; index += 1) {
    if (bytes[start + index] !== prefix[index]) return false;
  }
  return true;
}
