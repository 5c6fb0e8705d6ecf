/** Recorded workloads: their formats, their requests in order of arrival, and prompts for them. */

export { TRACE_FORMATS } from './formats/index.ts';
export { PROMPT_BYTES_PER_TOKEN, type PromptSynthesizer, promptSynthesizer } from './prompt-text.ts';
export {
  DEFAULT_BLOCK_TOKENS,
  DEFAULT_MAX_BROKEN_SHARE,
  openTrace,
  type Trace,
  type TraceNotes,
  type TraceReadOptions,
} from './read-trace.ts';
export { TraceError, type TraceErrorCode } from './trace-error.ts';
export type { BrokenRow, FormatOptions, RowReader, TraceFormat, TraceRow } from './trace-format.ts';
export type { TraceRequest } from './trace-request.ts';
