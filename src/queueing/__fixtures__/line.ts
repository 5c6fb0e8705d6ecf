/** A queue at work, for tests: requests join, and go one at a time in the policy's order. */

import { anInstance, aRequest } from '../../../test/builders.ts';
import type { InstanceView, RequestMetadata } from '../../domain/index.ts';
import type { NextRequest } from '../order.ts';
import type { SchedulingPolicy } from '../policy.ts';
import { WaitingQueue } from '../waiting-queue.ts';

export interface Served {
  readonly request: RequestMetadata;
  readonly instanceId?: string;
  readonly reason?: string;
}

export class Line {
  readonly policy: SchedulingPolicy;
  readonly queue: WaitingQueue;
  readonly instance = anInstance('a');
  nowMs = 0;

  constructor(policy: SchedulingPolicy) {
    this.policy = policy;
    this.queue = new WaitingQueue(() => policy);
  }

  join(...requests: Partial<RequestMetadata>[]): RequestMetadata[] {
    return requests.map((fields) => {
      const request = aRequest(fields);
      this.queue.add(request, this.nowMs);
      return request;
    });
  }

  next(instances: readonly InstanceView[] = [], model = 'm'): NextRequest | undefined {
    return this.queue.lane(model).order.next({ nowMs: this.nowMs, instances });
  }

  /** Dispatches whoever is next; what it consumed is known at once when `outputTokens` is given. */
  serve(outputTokens?: number, model = 'm', instances: readonly InstanceView[] = []): Served | undefined {
    const next = this.next(instances, model);
    if (next === undefined) return undefined;
    const { request } = next.waiting;
    this.queue.remove(this.queue.get(request.id)!);
    this.policy.onRequestDispatched?.(request, this.instance, this.nowMs);
    if (outputTokens !== undefined) {
      const facts = { latencyMs: 0, queueMs: 0, outputTokens };
      this.policy.onRequestCompleted?.(request, facts, this.instance, this.nowMs);
    }
    return { ...next, request };
  }

  /** The ids of the next `count`, or of all. */
  order(count = this.queue.size, instances: readonly InstanceView[] = []): string[] {
    const ids: string[] = [];
    while (ids.length < count) {
      const served = this.serve(undefined, 'm', instances);
      if (served === undefined) break;
      ids.push(served.request.id);
    }
    return ids;
  }
}
