/** Reads a trace of any known format as a stream of requests in the order of their arrival, in constant memory. */

import { TRACE_FORMATS } from './formats/index.ts';
import { lineSplitter, type TextLine } from './lines.ts';
import { type NumberedRow, reorderer } from './reorder.ts';
import { spreader } from './spread.ts';
import { TraceError } from './trace-error.ts';
import { isBroken, type RowReader, type TraceFormat } from './trace-format.ts';
import type { TraceRequest } from './trace-request.ts';

export interface TraceReadOptions {
  /** One of the names in `TRACE_FORMATS`; recognised by the first line when left out. */
  readonly format?: string;
  /** Leaves requests that share a stamp together, where they would be spread (see `TraceFormat.stampResolutionMs`). */
  readonly keepEqualStamps?: boolean;
  /** Tokens per block of prefix ids; 512 as in Mooncake's traces when left out. */
  readonly blockTokens?: number;
  /** Share of lines, 0 to 1, that may be broken before the file is refused; 0.01 when left out. */
  readonly maxBrokenShare?: number;
}

/** What was noticed on the way; grows while the requests are read. */
export interface TraceNotes {
  readonly lines: number;
  readonly requests: number;
  readonly skippedLines: number;
  /** The first few of them. */
  readonly skipped: readonly { readonly line: number; readonly reason: string }[];
  /** Requests without any prompt or output token, which count as one of one token. */
  readonly raisedToOneToken: number;
}

export interface Trace {
  readonly format: string;
  readonly notes: TraceNotes;
  /** May be iterated once. */
  readonly requests: AsyncIterable<TraceRequest>;
}

export const DEFAULT_MAX_BROKEN_SHARE = 0.01;
export const DEFAULT_BLOCK_TOKENS = 512;

/** Broken lines are told one by one up to here. */
const SKIPPED_EXAMPLES = 5;

/** A share of few lines says little, so reading goes on for this many before a share of broken ones stops it. */
const LINES_BEFORE_JUDGEMENT = 1000;

/** @param chunks the file's text, cut anywhere */
export async function openTrace(
  chunks: AsyncIterable<string>,
  options: TraceReadOptions = {},
): Promise<Trace> {
  const lines = filledLines(chunks);
  const first = await lines.next();
  if (first.done === true) throw new TraceError('empty', 'the trace is empty');
  const format = chooseFormat(first.value.text, options.format);
  const readRow = format.rowReader(first.value.text, {
    blockTokens: options.blockTokens ?? DEFAULT_BLOCK_TOKENS,
  });
  const notes = new Notes(options.maxBrokenShare ?? DEFAULT_MAX_BROKEN_SHARE);
  const pending = format.hasHeading ? [] : [first.value];
  const resolutionMs = options.keepEqualStamps === true ? 0 : format.stampResolutionMs;
  return { format: format.name, notes, requests: readRequests(pending, lines, readRow, resolutionMs, notes) };
}

async function* filledLines(chunks: AsyncIterable<string>): AsyncGenerator<TextLine, undefined> {
  const splitter = lineSplitter();
  const isFilled = (line: TextLine): boolean => line.isTooLong || line.text.trim() !== '';
  for await (const chunk of chunks) yield* splitter.push(chunk).filter(isFilled);
  yield* splitter.end().filter(isFilled);
  return undefined;
}

function chooseFormat(firstLine: string, wanted: string | undefined): TraceFormat {
  const known = TRACE_FORMATS.map((format) => `${format.name} (${format.expects})`).join('; ');
  const begins = `it begins with ${JSON.stringify(firstLine.slice(0, 80))}`;
  if (wanted === undefined) {
    const found = TRACE_FORMATS.find((format) => format.recognises(firstLine));
    if (found !== undefined) return found;
    throw new TraceError('unknown_format', `the trace is of no known format: ${begins}; known are ${known}`);
  }
  const format = TRACE_FORMATS.find(({ name }) => name === wanted);
  if (format === undefined) {
    throw new TraceError('unknown_format', `there is no trace format ${wanted}; known are ${known}`);
  }
  if (!format.recognises(firstLine)) {
    throw new TraceError('wrong_format', `the trace is not ${wanted} (${format.expects}): ${begins}`);
  }
  return format;
}

async function* readRequests(
  pending: readonly TextLine[],
  lines: AsyncIterable<TextLine>,
  readRow: RowReader,
  resolutionMs: number,
  notes: Notes,
): AsyncGenerator<TraceRequest> {
  const sorted = reorderer();
  const spread = resolutionMs === 0 ? undefined : spreader(resolutionMs);
  let startMs: number | undefined;

  const toRequests = (rows: readonly NumberedRow[]): readonly TraceRequest[] =>
    rows.map((row) => {
      startMs ??= row.stampMs;
      return toRequest(row, startMs, notes);
    });
  const arrange = (rows: readonly NumberedRow[]): readonly NumberedRow[] =>
    spread === undefined ? rows : rows.flatMap((row) => spread.push(row));

  for await (const line of chain(pending, lines)) {
    const row = numberedRow(line, readRow, notes);
    if (row !== undefined) yield* toRequests(arrange(sorted.push(row)));
  }
  notes.judge();
  yield* toRequests(arrange(sorted.end()));
  yield* toRequests(spread?.end() ?? []);
}

async function* chain<T>(first: Iterable<T>, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield* first;
  yield* rest;
}

function numberedRow(line: TextLine, readRow: RowReader, notes: Notes): NumberedRow | undefined {
  notes.lines += 1;
  const row = line.isTooLong ? { reason: 'the line is too long' } : readRow(line.text);
  if (!isBroken(row)) return { ...row, line: line.line };
  notes.skip(line.line, row.reason);
  return undefined;
}

function toRequest({ stampMs, ...row }: NumberedRow, startMs: number, notes: Notes): TraceRequest {
  notes.requests += 1;
  if (row.promptTokens === 0 || row.outputTokens === 0) notes.raisedToOneToken += 1;
  return {
    ...row,
    arrivalMs: stampMs - startMs,
    promptTokens: Math.max(1, row.promptTokens),
    outputTokens: Math.max(1, row.outputTokens),
  };
}

class Notes implements TraceNotes {
  lines = 0;
  requests = 0;
  skippedLines = 0;
  readonly skipped: { line: number; reason: string }[] = [];
  raisedToOneToken = 0;
  readonly #maxBrokenShare: number;

  constructor(maxBrokenShare: number) {
    this.#maxBrokenShare = maxBrokenShare;
  }

  skip(line: number, reason: string): void {
    this.skippedLines += 1;
    if (this.skipped.length < SKIPPED_EXAMPLES) this.skipped.push({ line, reason });
    if (this.lines >= LINES_BEFORE_JUDGEMENT) this.judge();
  }

  judge(): void {
    const share = this.skippedLines / Math.max(1, this.lines);
    if (share <= this.#maxBrokenShare) return;
    const examples = this.skipped.map(({ line, reason }) => `line ${line}: ${reason}`).join('; ');
    throw new TraceError(
      'too_many_broken_lines',
      `${this.skippedLines} of ${this.lines} lines (${percent(share)}) are broken, more than ${percent(this.#maxBrokenShare)}: ${examples}`,
    );
  }
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
