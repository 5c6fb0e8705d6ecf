/** Watches a stream of completion events go by: when its first token came, when its last, how it ended. Parses next to nothing. */

import { type Failure, streamFailure } from './failure.ts';

export interface Usage {
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number | undefined;
}

export interface StreamWatch {
  /** @param atMs when these bytes came */
  feed(chunk: Uint8Array, atMs: number): void;
  readonly firstTokenAtMs: number | undefined;
  readonly lastTokenAtMs: number | undefined;
  /** Frames that carried text; the count of tokens where the target tells no usage. */
  readonly tokenFrames: number;
  readonly usage: Usage | undefined;
  /** Whether `[DONE]` came. */
  readonly isDone: boolean;
  readonly failure: Failure | undefined;
}

/** A frame is a few hundred bytes; whoever sends lines longer than this sends no completion. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;

// None of these can be forged by generated text: within a JSON string its quotes would be escaped.
const TEXT = /"(?:content|text|reasoning|reasoning_content|arguments)"\s*:\s*"[^"]/;
const USAGE = /"usage"\s*:\s*\{/;
const ERROR = /"error"\s*:\s*[{"]/;

export function watchStream(): StreamWatch {
  return new Watch();
}

class Watch implements StreamWatch {
  firstTokenAtMs: number | undefined;
  lastTokenAtMs: number | undefined;
  tokenFrames = 0;
  usage: Usage | undefined;
  isDone = false;
  failure: Failure | undefined;
  /** An unfinished line; Latin-1 keeps one character a byte, so that chunks may be cut within a character. */
  #pending = '';

  feed(chunk: Uint8Array, atMs: number): void {
    const text = this.#pending + asBuffer(chunk).toString('latin1');
    let from = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
      this.#line(text.slice(from, text[end - 1] === '\r' ? end - 1 : end), atMs);
      from = end + 1;
    }
    this.#pending = text.slice(from);
    if (this.#pending.length > MAX_LINE_BYTES) {
      this.#pending = '';
      this.failure ??= { kind: 'invalid_stream', message: `a line of more than ${MAX_LINE_BYTES} bytes` };
    }
  }

  #line(line: string, atMs: number): void {
    if (!line.startsWith('data:')) return;
    if (line.length <= 12 && line.slice(5).trim() === '[DONE]') this.isDone = true;
    else if (ERROR.test(line)) this.failure ??= streamFailure(dataOf(line));
    else {
      if (TEXT.test(line)) this.#token(atMs);
      if (USAGE.test(line)) this.usage = readUsage(dataOf(line)) ?? this.usage;
    }
  }

  #token(atMs: number): void {
    this.firstTokenAtMs ??= atMs;
    this.lastTokenAtMs = atMs;
    this.tokenFrames += 1;
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function dataOf(line: string): string {
  return Buffer.from(line.slice(5), 'latin1').toString('utf8');
}

function readUsage(data: string): Usage | undefined {
  try {
    const { usage } = JSON.parse(data) as { usage: Readonly<Record<string, unknown>> };
    const details = (usage.prompt_tokens_details ?? {}) as Readonly<Record<string, unknown>>;
    const { prompt_tokens: promptTokens, completion_tokens: outputTokens } = usage;
    if (typeof promptTokens !== 'number' || typeof outputTokens !== 'number') return undefined;
    const cachedTokens = typeof details.cached_tokens === 'number' ? details.cached_tokens : undefined;
    return { promptTokens, outputTokens, cachedTokens };
  } catch {
    return undefined;
  }
}
