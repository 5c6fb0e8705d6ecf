/** The fast path of ordering: one number. */

import type { RequestMetadata } from '../domain/index.ts';

/** One number for a request, fixed when it joins; the lowest goes first, equal numbers in the order of joining. */
export type OrderKey = (request: RequestMetadata) => number;
