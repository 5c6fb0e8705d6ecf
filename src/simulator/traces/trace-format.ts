/** What a trace format is: how to know it by its first line, and how to read one line of it. */

/** One line as its format tells it, before stamps are sorted, spread and counted from the first. */
export interface TraceRow {
  /** Milliseconds since whatever the format counts from. */
  readonly stampMs: number;
  /** May be 0. */
  readonly promptTokens: number;
  /** May be 0. */
  readonly outputTokens: number;
  readonly prefixHashIds?: readonly number[];
  readonly blockTokens?: number;
  readonly tenant?: string;
  readonly model?: string;
}

/** A line that holds no request, and why. */
export interface BrokenRow {
  readonly reason: string;
}

export type RowReader = (text: string) => TraceRow | BrokenRow;

export interface FormatOptions {
  /** Tokens per prefix block, for formats with prefix ids. */
  readonly blockTokens: number;
}

export interface TraceFormat {
  readonly name: string;
  /** What its first line has to look like, for people. */
  readonly expects: string;
  /** Whether the first line is a heading and no request. */
  readonly hasHeading: boolean;
  /**
   * How much of time one stamp stands for, milliseconds: requests with equal stamps are spread evenly up to the next
   * stamp, but no further than this. 0 where stamps are exact and equal ones really came together.
   */
  readonly stampResolutionMs: number;
  recognises(firstLine: string): boolean;
  /** @param firstLine a line that `recognises` accepted */
  rowReader(firstLine: string, options: FormatOptions): RowReader;
}

export function isBroken(row: TraceRow | BrokenRow): row is BrokenRow {
  return 'reason' in row;
}
