/** What the user has to change before a replay can begin, or what kept it from beginning. */

/** As shells know them: 2 for a wrong command line or trace, 1 for a run that could not be made. */
export const EXIT_CODES = { success: 0, failure: 1, usage: 2 } as const;

export class ReplayError extends Error {
  override readonly name = 'ReplayError';
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The command line or the trace is wrong: exit code 2. */
export function usageError(message: string): ReplayError {
  return new ReplayError(EXIT_CODES.usage, message);
}

/** The target, or this machine, did not do its part: exit code 1. */
export function runError(message: string): ReplayError {
  return new ReplayError(EXIT_CODES.failure, message);
}

/** Interrupted while the trace was looked through or the target asked. */
export function interruptedEarly(): ReplayError {
  return runError('interrupted before anything was sent');
}
