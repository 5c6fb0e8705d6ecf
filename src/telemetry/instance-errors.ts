/** The last failures of each instance, for an operator who asks what is wrong with it. */

import type { ErrorCode } from '../domain/index.ts';

export interface InstanceError {
  readonly atMs: number;
  readonly code: ErrorCode;
  readonly model: string;
  /** Whether the request was tried again elsewhere. */
  readonly isRetried: boolean;
}

export interface InstanceErrorLog {
  record(instanceId: string, error: InstanceError): void;
  /** Newest first. */
  of(instanceId: string): readonly InstanceError[];
}

const ERRORS_PER_INSTANCE = 5;
/** The instances that failed least lately are forgotten beyond this many. */
const MAX_INSTANCES = 1000;

export function createInstanceErrorLog(): InstanceErrorLog {
  const errors = new Map<string, readonly InstanceError[]>();
  return {
    record(instanceId, error) {
      const kept = [error, ...(errors.get(instanceId) ?? [])].slice(0, ERRORS_PER_INSTANCE);
      // Taking it out first puts it last in the map's order, which is by time of insertion.
      errors.delete(instanceId);
      errors.set(instanceId, kept);
      if (errors.size > MAX_INSTANCES) errors.delete(errors.keys().next().value!);
    },
    of: (instanceId) => errors.get(instanceId) ?? [],
  };
}
