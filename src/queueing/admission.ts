/** Who may join the queue, and who makes room when it is full. */

import { priorityRank, type RequestMetadata, tokenFootprint } from '../domain/index.ts';
import type { WaitingQueue, WaitingRequest } from './waiting-queue.ts';

export interface AdmissionLimits {
  /** The most requests that may wait. */
  readonly maxRequests: number;
  /** The most tokens (prompts and the answers asked for, estimated) that may wait. */
  readonly maxTokens: number;
}

export type Admission =
  /** It may join once `victims` have left; usually there are none. */
  | { readonly isAdmitted: true; readonly victims: readonly WaitingRequest[] }
  | { readonly isAdmitted: false; readonly limit: keyof AdmissionLimits };

const WELCOME: Admission = { isAdmitted: true, victims: [] };

/**
 * Decides whether `request` may join. When the queue is full, requests of lower classes make room: the lowest class first,
 * in it the newest first. When even all of them would not make room enough, nobody leaves and the newcomer is refused.
 * A request larger than `maxTokens` is still admitted when it would wait alone, since refusing it would be for ever.
 */
export function admit(request: RequestMetadata, queue: WaitingQueue, limits: AdmissionLimits): Admission {
  const tokens = tokenFootprint(request);
  const excessRequests = queue.size + 1 - limits.maxRequests;
  const excessTokens = queue.size === 0 ? 0 : queue.tokens + tokens - limits.maxTokens;
  if (excessRequests <= 0 && excessTokens <= 0) return WELCOME;
  const rank = priorityRank(request.priority);
  const lower = queue.below(rank);
  if (lower.requests < excessRequests) return { isAdmitted: false, limit: 'maxRequests' };
  if (lower.tokens < excessTokens) return { isAdmitted: false, limit: 'maxTokens' };
  return { isAdmitted: true, victims: chooseVictims(queue, rank, excessRequests, excessTokens) };
}

function chooseVictims(
  queue: WaitingQueue,
  rank: number,
  requests: number,
  tokens: number,
): WaitingRequest[] {
  const victims: WaitingRequest[] = [];
  let freedTokens = 0;
  for (const waiting of queue.sheddableBelow(rank)) {
    if (victims.length >= requests && freedTokens >= tokens) break;
    victims.push(waiting);
    freedTokens += waiting.tokens;
  }
  return victims;
}
