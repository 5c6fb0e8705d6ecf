/** The fast path: one number a request, so that it costs the same with ten waiting and with a hundred thousand. */

import type { CustomPolicy } from '../../src/queueing/index.ts';

/** How much later, in milliseconds, each further token of prompt lets a request go. */
const MS_PER_TOKEN = 2;

export const policy: CustomPolicy = {
  name: 'short-prompts-first',
  // Fixed when a request joins, yet fair: a long prompt goes before any that comes late enough after it.
  orderKey: ({ arrivalMs, promptTokens }) => arrivalMs + MS_PER_TOKEN * promptTokens,
};
