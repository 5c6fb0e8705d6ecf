/** Learns how long prompts of a length take, and lets the quickest go first; waiting counts, so that long ones get their turn. */

import type { CustomPolicy } from '../../src/queueing/index.ts';

type Request = Parameters<NonNullable<CustomPolicy['prioritize']>>[0][number];

/** Prompts this much alike in length, in tokens, are taken to take the same time. */
const BUCKET_TOKENS = 100;
const NEWEST = 0.2;

/** In the configuration: `policy: { file: ./predictive.ts, parameters: { defaultMs: 100 } }`. */
export function createPolicy({ defaultMs = 100 }: { readonly defaultMs?: number } = {}): CustomPolicy {
  /** Mean latency by model and length, following the newest. */
  const learnt = new Map<string, number>();

  const bucketOf = ({ model, promptTokens }: Request): string =>
    `${model} ${Math.floor(promptTokens / BUCKET_TOKENS)}`;

  // What is asked for each of many requests must be cheap: one look into a table, not a search through a history.
  const predictedMs = (request: Request): number => learnt.get(bucketOf(request)) ?? defaultMs;

  return {
    name: 'predictive',
    prioritize(requests, { nowMs }) {
      const rank = new Map(requests.map((one) => [one, predictedMs(one) - (nowMs - one.arrivalMs)]));
      return requests.toSorted((a, b) => rank.get(a)! - rank.get(b)!);
    },
    onRequestCompleted(request, { latencyMs, queueMs }) {
      const bucket = bucketOf(request);
      const serviceMs = latencyMs - queueMs;
      const before = learnt.get(bucket) ?? serviceMs;
      learnt.set(bucket, before + NEWEST * (serviceMs - before));
    },
    getStats: () => ({ learnt: Object.fromEntries(learnt) }),
  };
}
