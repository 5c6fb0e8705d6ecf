/** Sends prompts that begin alike to the same instance, a batch at a time, so that its prefix cache serves them. */

import type { CustomPolicy, PlannedDecision, PolicyInstance } from '../../src/queueing/index.ts';

type Request = Parameters<NonNullable<CustomPolicy['schedule']>>[0][number];

/** How much of a prompt must be the same, in characters. */
const HEAD = 64;

/** In the configuration: `policy: { file: ./batch-aware.ts, parameters: { batchSize: 8 } }`. */
export function createPolicy({ batchSize = 8 }: { readonly batchSize?: number } = {}): CustomPolicy {
  let batches = 0;

  return {
    name: 'batch-aware',
    schedule(requests, instances) {
      const room = new Map(
        instances.filter(({ canAcceptRequest }) => canAcceptRequest).map((one) => [one, roomOf(one)]),
      );
      const decisions: PlannedDecision[] = [];
      for (const batch of batchesOf(requests, batchSize)) {
        // The emptiest first; what does not fit there goes on to the next.
        const targets = [...room.keys()].sort((a, b) => room.get(b)! - room.get(a)!);
        const waiting = [...batch];
        for (const target of targets) {
          const fitting = waiting.splice(0, room.get(target)!);
          room.set(target, room.get(target)! - fitting.length);
          for (const { id } of fitting) {
            decisions.push({
              requestId: id,
              instanceId: target.id,
              reason: `with ${batch.length - 1} alike`,
            });
          }
        }
        batches++;
      }
      return decisions;
    },
    getStats: () => ({ batches }),
  };
}

const roomOf = ({ maxConcurrency, currentLoad }: PolicyInstance): number => maxConcurrency - currentLoad;

/** In the order of their first members, so that nobody is overtaken by more than a batch. */
function batchesOf(requests: readonly Request[], batchSize: number): Request[][] {
  const open = new Map<string, Request[]>();
  const batches: Request[][] = [];
  for (const request of requests) {
    const head = (request.promptText ?? '').slice(0, HEAD);
    const batch = open.get(head);
    if (batch !== undefined && batch.length < batchSize) {
      batch.push(request);
    } else {
      const next = [request];
      open.set(head, next);
      batches.push(next);
    }
  }
  return batches;
}
