/** From facts to steps: what lies between a dispatch and the first token, and between the first token and the last. */

import type { ForecastFacts } from '../../domain/index.ts';
import type { StepWork } from './step-work.ts';

/** What happened on an instance while a request generated there, averaged over that time. */
export interface DecodeMix {
  /** Steps of the request: its output tokens after the first. */
  readonly steps: number;
  readonly decodingRequests: number;
  readonly kvTokens: number;
  /** Prompts of others that were computed meanwhile. */
  readonly prefillTokens: number;
  readonly prefillPairs: number;
  readonly prompts: number;
}

/** However many generate, some of a step's tokens go to prompts. */
const LEAST_PREFILL_SHARE = 1 / 16;

/** (Query, key) pairs of a prompt of `uncached` tokens behind `cached` ones. */
export function prefillPairs(uncached: number, cached: number): number {
  return uncached * (cached + uncached / 2);
}

function prefillRoom(maxBatchedTokens: number, decoding: number): number {
  return Math.max(maxBatchedTokens * LEAST_PREFILL_SHARE, maxBatchedTokens - decoding);
}

/**
 * From dispatch to first token: half a step on average where one runs that has no prompt in it, then the prompts ahead and
 * this one in steps filled up to the token budget, the last of them with what is left.
 */
export function addPrefillWork(work: StepWork, facts: ForecastFacts, maxBatchedTokens: number): void {
  const { uncachedTokens, cachedTokens, queuedPrefillTokens, decodingRequests, kvTokens } = facts;
  const room = prefillRoom(maxBatchedTokens, decodingRequests);
  const tokens = Math.max(1, uncachedTokens) + queuedPrefillTokens;
  const queuedPairs =
    facts.queuedPrefillPairs ??
    (queuedPrefillTokens * Math.min(queuedPrefillTokens, uncachedTokens + cachedTokens)) / 2;
  const pairs = queuedPairs + prefillPairs(uncachedTokens, cachedTokens);
  const fullSteps = Math.ceil(tokens / room) - 1;
  if (queuedPrefillTokens === 0 && decodingRequests > 0) {
    work.add(0.5, decodingRequests, kvTokens, decodingRequests, 0);
  }
  work.add(fullSteps, decodingRequests + room, kvTokens, decodingRequests + 1, 0);
  work.add(1, decodingRequests + tokens - fullSteps * room, kvTokens, decodingRequests + 1, pairs);
  work.addOverhead();
}

/** From first token to last: steps that only decode, and steps that hold prompts of others besides. */
export function addDecodeWork(work: StepWork, mix: DecodeMix, maxBatchedTokens: number): void {
  const { steps, decodingRequests, kvTokens, prefillTokens, prefillPairs: pairs, prompts } = mix;
  const room = prefillRoom(maxBatchedTokens, decodingRequests);
  const prefillSteps = Math.min(steps, Math.max(prompts, prefillTokens / room));
  work.add(steps - prefillSteps, decodingRequests, kvTokens, decodingRequests, 0);
  if (prefillSteps === 0) return;
  const each = decodingRequests + prefillTokens / prefillSteps;
  work.add(prefillSteps, each, kvTokens, decodingRequests + 1, pairs);
}

/** One step of those that generate there once this request is among them, with no prompt in it. */
export function addDecodeStep(work: StepWork, facts: ForecastFacts): void {
  const decoding = facts.decodingRequests + 1;
  const kvTokens = facts.kvTokens + facts.uncachedTokens + facts.cachedTokens;
  work.add(1, decoding, kvTokens, decoding, 0);
}
