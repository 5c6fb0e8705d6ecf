/** What can go wrong with the appliance, by what it means for the pools. */

/**
 * `missing`: the appliance answered that there is no such thing. `refused`: it does not let us. `failing`: it has trouble of
 * its own. `unreachable`, `timeout`: there was no answer. `unreadable`: the answer makes no sense.
 */
export type ApplianceFailure = 'missing' | 'refused' | 'failing' | 'unreachable' | 'timeout' | 'unreadable';

export class ApplianceError extends Error {
  override readonly name = 'ApplianceError';
  readonly failure: ApplianceFailure;
  readonly status: number | undefined;

  constructor(failure: ApplianceFailure, message: string, status?: number) {
    super(message);
    this.failure = failure;
    this.status = status;
  }
}

/** What an answer with this status means. */
export function failureOfStatus(status: number): ApplianceFailure {
  if (status === 404) return 'missing';
  if (status === 401 || status === 403) return 'refused';
  return status >= 500 ? 'failing' : 'unreadable';
}

/** Only the appliance's own word that a pool does not exist says so; an outage says nothing about pools. */
export function meansPoolIsGone(error: unknown): boolean {
  return error instanceof ApplianceError && error.failure === 'missing';
}
