/** What can be set of the `cost-optimized` policy. */

import { DEFAULT_AGING_MS } from '../priority.ts';

export const COST_OPTIMIZED_PARAMETERS = {
  pricePerGpuHour: {
    type: 'number',
    default: 1,
    min: 0,
    describe: 'US dollars for one GPU and hour, for instances without a price of their own (usdPerHour).',
  },
  agingMs: {
    type: 'number',
    default: DEFAULT_AGING_MS,
    min: 0,
    describe: 'Milliseconds of waiting that outweigh one class.',
  },
} as const;
