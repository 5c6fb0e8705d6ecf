/** Why a trace cannot be read: the file is wrong as a whole, not one of its lines. */

export type TraceErrorCode =
  | 'empty'
  | 'unknown_format'
  | 'wrong_format'
  | 'too_many_broken_lines'
  | 'not_sorted'
  | 'too_many_equal_stamps';

export class TraceError extends Error {
  override readonly name = 'TraceError';
  readonly code: TraceErrorCode;

  constructor(code: TraceErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
