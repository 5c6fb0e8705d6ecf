/** Who may join the queue, and who makes room when it is full. */

import { priorityRank, type RequestMetadata, tokenFootprint } from '../domain/index.ts';
import type { Refusal } from './shedding/gate.ts';
import type { QueueAmounts, WaitingQueue, WaitingRequest } from './waiting-queue.ts';

export interface AdmissionLimits {
  /** The most requests that may wait. */
  readonly maxRequests: number;
  /** The most tokens (prompts and the answers asked for, estimated) that may wait. */
  readonly maxTokens: number;
  /** The most bytes of requests' bodies that may wait, and so be held in memory. */
  readonly maxBytes?: number;
}

export type Admission =
  /** It may join once `victims` have left; usually there are none. */
  | { readonly isAdmitted: true; readonly victims: readonly WaitingRequest[] }
  | { readonly isAdmitted: false; readonly reason: 'full'; readonly limit: keyof AdmissionLimits }
  | ({ readonly isAdmitted: false } & Refusal);

const WELCOME: Admission = { isAdmitted: true, victims: [] };

/**
 * Decides whether `request` may join. When the queue is full, requests of lower classes make room: the lowest class first,
 * in it the newest first. When even all of them would not make room enough, nobody leaves and the newcomer is refused.
 * A request larger than `maxTokens` or `maxBytes` is still admitted when it would wait alone, since refusing it would be for ever.
 * @param gate turns away whom waiting would not help; without one, only limits count
 */
export function admit(
  request: RequestMetadata,
  queue: WaitingQueue,
  limits: AdmissionLimits,
  gate?: () => Refusal | undefined,
): Admission {
  const excess = excessOf(request, queue, limits);
  const isFull = excess.requests > 0 || excess.tokens > 0 || excess.bytes > 0;
  const rank = priorityRank(request.priority);
  if (isFull) {
    const lower = queue.below(rank);
    const limit = LIMITS.find(([, amount]) => lower[amount] < excess[amount])?.[0];
    if (limit !== undefined) return { isAdmitted: false, reason: 'full', limit };
  }
  const refusal = gate?.();
  if (refusal !== undefined) return { isAdmitted: false, ...refusal };
  return isFull ? { isAdmitted: true, victims: chooseVictims(queue, rank, excess) } : WELCOME;
}

const LIMITS = [
  ['maxRequests', 'requests'],
  ['maxTokens', 'tokens'],
  ['maxBytes', 'bytes'],
] as const satisfies readonly (readonly [keyof AdmissionLimits, keyof QueueAmounts])[];

/** By how much the newcomer would exceed each limit; not above 0 where it fits. */
function excessOf(request: RequestMetadata, queue: WaitingQueue, limits: AdmissionLimits): QueueAmounts {
  const { maxRequests, maxTokens, maxBytes = Number.POSITIVE_INFINITY } = limits;
  const isAlone = queue.size === 0;
  return {
    requests: queue.size + 1 - maxRequests,
    tokens: isAlone ? 0 : queue.tokens + tokenFootprint(request) - maxTokens,
    bytes: isAlone ? 0 : queue.bytes + (request.bodyBytes ?? 0) - maxBytes,
  };
}

function chooseVictims(queue: WaitingQueue, rank: number, excess: QueueAmounts): WaitingRequest[] {
  const victims: WaitingRequest[] = [];
  const freed = { tokens: 0, bytes: 0 };
  for (const waiting of queue.sheddableBelow(rank)) {
    const isEnough =
      victims.length >= excess.requests && freed.tokens >= excess.tokens && freed.bytes >= excess.bytes;
    if (isEnough) break;
    victims.push(waiting);
    freed.tokens += waiting.tokens;
    freed.bytes += waiting.bytes;
  }
  return victims;
}
