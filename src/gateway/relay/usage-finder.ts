/** Finds the token counts in an answer that goes by, by searching its bytes for the last `"usage"` object. */

/** What an engine said a request took. */
export interface Usage {
  readonly promptTokens?: number;
  readonly cachedTokens?: number;
  readonly outputTokens?: number;
}

const NEEDLE = Buffer.from('"usage"');
const QUOTE = 0x22;
const OPENING_BRACE = 0x7b;

/** A usage object longer than this is not read. */
const WINDOW_BYTES = 4096;

export class UsageFinder {
  /** What came from the last needle on, at most a window of it. */
  #window: Buffer | undefined;
  /** Whether the object in the window is closed, or too long to wait for. */
  #isWindowFull = false;
  /** The end of the last chunk, where it may be the beginning of a needle. */
  #split: Buffer | undefined;

  push(chunk: Uint8Array): void {
    const bytes = this.#split === undefined ? (chunk as Buffer) : Buffer.concat([this.#split, chunk]);
    this.#split = possibleNeedleAtEnd(bytes);
    const foundAt = lastUsageObject(bytes);
    if (foundAt !== -1) {
      this.#keep(bytes.subarray(foundAt, foundAt + WINDOW_BYTES));
    } else if (this.#window !== undefined && !this.#isWindowFull) {
      const missingBytes = WINDOW_BYTES - this.#window.length;
      this.#keep(Buffer.concat([this.#window, (chunk as Buffer).subarray(0, missingBytes)]));
    }
  }

  #keep(window: Buffer): void {
    this.#window = window;
    this.#isWindowFull = window.length >= WINDOW_BYTES || endOfObject(window.toString('latin1')) !== -1;
  }

  /** The counts found; call when the answer is over. */
  usage(): Usage {
    const text = this.#window?.toString('utf8');
    if (text === undefined) return {};
    const end = endOfObject(text);
    if (end === -1) return {};
    try {
      return readUsage(JSON.parse(text.slice(text.indexOf('{'), end)));
    } catch {
      return {};
    }
  }
}

/** Where the last `"usage"` that is followed by an object begins, or by the end of the bytes; `"usage":null` does not count. */
function lastUsageObject(bytes: Buffer): number {
  let at = bytes.lastIndexOf(NEEDLE);
  while (at !== -1) {
    let next = at + NEEDLE.length;
    while (next < bytes.length && isColonOrSpace(bytes[next]!)) next += 1;
    if (next >= bytes.length || bytes[next] === OPENING_BRACE) return at;
    if (at === 0) return -1;
    at = bytes.lastIndexOf(NEEDLE, at - 1);
  }
  return -1;
}

function isColonOrSpace(byte: number): boolean {
  return byte === 0x3a || byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function possibleNeedleAtEnd(bytes: Buffer): Buffer | undefined {
  for (let at = Math.max(0, bytes.length - NEEDLE.length + 1); at < bytes.length; at += 1) {
    if (bytes[at] === QUOTE) return Buffer.from(bytes.subarray(at));
  }
  return undefined;
}

/** One past the brace that closes the first object; -1 when it is not closed. Usage objects hold no braces in strings. */
function endOfObject(text: string): number {
  let depth = 0;
  for (let at = text.indexOf('{'); at !== -1 && at < text.length; at += 1) {
    if (text[at] === '{') depth += 1;
    else if (text[at] === '}') depth -= 1;
    if (depth === 0) return at + 1;
  }
  return -1;
}

/** Field names of the chat and completion APIs, then those of the responses and messages APIs. */
function readUsage(value: unknown): Usage {
  const usage = asRecord(value);
  const promptTokens = count(usage.prompt_tokens) ?? count(usage.input_tokens);
  const outputTokens = count(usage.completion_tokens) ?? count(usage.output_tokens);
  const cachedTokens =
    count(asRecord(usage.prompt_tokens_details).cached_tokens) ??
    count(asRecord(usage.input_tokens_details).cached_tokens) ??
    count(usage.cache_read_input_tokens);
  return {
    ...(promptTokens !== undefined && { promptTokens }),
    ...(cachedTokens !== undefined && { cachedTokens }),
    ...(outputTokens !== undefined && { outputTokens }),
  };
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
