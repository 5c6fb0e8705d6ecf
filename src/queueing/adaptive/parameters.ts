/** What can be set of the `adaptive` policy. */

import type { ParametersOf } from '../../domain/index.ts';

const share = (value: number, describe: string) =>
  ({ type: 'number', default: value, min: 0, max: 1, describe }) as const;

export const ADAPTIVE_PARAMETERS = {
  highLoad: share(0.8, 'Load of the instances from which requests with an SLO come first.'),
  lowLoad: share(0.3, 'Load of the instances below which cost comes first.'),
  margin: share(0.1, 'By how much load must fall back before a choice that it caused is undone.'),
  highPriorityShare: share(
    0,
    'Share of the waiting requests beyond which CRITICAL and HIGH ones decide by priority.',
  ),
  windowMs: {
    type: 'number',
    default: 10_000,
    min: 0,
    describe: 'The policy changes its way at most once in so many milliseconds.',
  },
  evaluateEveryMs: {
    type: 'number',
    default: 1_000,
    min: 0,
    describe: 'How often it looks whether it should, milliseconds.',
  },
  pricePerGpuHour: {
    type: 'number',
    default: 1,
    min: 0,
    describe: 'US dollars for one GPU and hour, for instances without a price of their own.',
  },
} as const;

export type AdaptiveParameters = ParametersOf<typeof ADAPTIVE_PARAMETERS>;
