/** By class, with ageing: every class below the first costs a fixed head start, so nothing waits for ever. */

import { type GivenParameters, priorityRank, type RequestMetadata, readParameters } from '../domain/index.ts';
import { fastest, leastLoaded, planInOrder, sortedBy } from './guide/plan.ts';
import { type KeyedPolicy, keyedPolicy } from './keyed-policy.ts';
import type { GuideFunctions } from './policy.ts';

export const DEFAULT_AGING_MS = 30_000;

export const PRIORITY_PARAMETERS = {
  agingMs: {
    type: 'number',
    default: DEFAULT_AGING_MS,
    min: 0,
    describe: 'Milliseconds of waiting that outweigh one class.',
  },
} as const;

/**
 * A request of rank r that arrived at a goes as if it had arrived at a + r·`agingMs`: one class higher overtakes at most
 * `agingMs` of waiting. That is the usual "rank minus age" rule, written so that it does not change while the request waits.
 */
export function priorityPolicy(given: GivenParameters = {}): KeyedPolicy & GuideFunctions {
  const { agingMs } = readParameters('policy "priority"', PRIORITY_PARAMETERS, given);
  return { ...keyedPolicy('priority', agedKey(agingMs)), ...priorityGuide };
}

export const agedKey =
  (agingMs: number) =>
  (request: RequestMetadata): number =>
    request.arrivalMs + priorityRank(request.priority) * agingMs;

const rankOf = ({ priority }: RequestMetadata): number => priorityRank(priority);

/** Over a list nothing ages; the two highest classes get the fastest instance, the others the least loaded. */
export const priorityGuide: GuideFunctions = {
  prioritize: (requests) => sortedBy(requests, rankOf, ({ arrivalMs }) => arrivalMs),
  schedule: (requests, instances, context) =>
    planInOrder(priorityGuide.prioritize(requests, context), instances, {
      choose: (request, candidates) =>
        rankOf(request) <= priorityRank('HIGH') ? fastest(candidates) : leastLoaded(candidates),
      describe: ({ priority }) => ({ reason: `class ${priority}` }),
    }),
};
