import { describe, expect, it } from 'vitest';
import { REJECTION_REASONS } from '../../scheduler/index.ts';
import { rejectionError } from './rejection-error.ts';

const EXPECTED = {
  'queue-full': [429, 'queue_full', 1500],
  shed: [429, 'shed', 1500],
  infeasible: [429, 'infeasible', 1500],
  overloaded: [429, 'overloaded', 1500],
  deadline: [504, 'deadline_exceeded', undefined],
  'no-instance': [503, 'no_instance_available', 1500],
  'retries-exhausted': [503, 'no_instance_available', 1500],
} as const;

describe('rejectionError', () => {
  it.each(REJECTION_REASONS)('tells of %s with status, code and when to come back', (reason) => {
    const error = rejectionError({
      type: 'reject',
      requestId: 'r',
      reason,
      message: 'why',
      retryAfterMs: 1500,
    });
    expect([error.status, error.code, error.retryAfterMs]).toEqual(EXPECTED[reason]);
    expect(error.message).toBe('why');
  });
});
