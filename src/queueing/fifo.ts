/** First in, first out; a retried request keeps its place, because its arrival does not change. */

import { keyedPolicy } from './keyed-policy.ts';

export const fifoPolicy = () => keyedPolicy('fifo', (request) => request.arrivalMs);
