/** Which of several alternatives a wrong value was meant to be. */

import type * as z from 'zod';

type Issue = z.core.$ZodIssue;

/** What is wrong with `value` as the alternative whose outermost shape it has; `undefined` when it has the shape of none. */
export function branchOf(
  errors: readonly (readonly Issue[])[],
  value: unknown,
): readonly Issue[] | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  return errors.find((issues) => !issues.some(isShapeMismatch));
}

function isShapeMismatch(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value');
}
