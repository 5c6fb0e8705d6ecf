/** A score with weights from the configuration: class, urgency, and how empty the instances are. */

import type { CustomPolicy, PolicyInstance } from '../../src/queueing/index.ts';

type Request = Parameters<NonNullable<CustomPolicy['nextRequest']>>[0][number];

const DEFAULTS = { priorityWeight: 1, sloWeight: 1, loadWeight: 0.5 };
type Weights = typeof DEFAULTS;

const CLASS_VALUES = { CRITICAL: 5, HIGH: 4, NORMAL: 3, LOW: 2, BACKGROUND: 1 };

/** In the configuration: `policy: { file: ./configurable.ts, parameters: { sloWeight: 3 } }`. */
export function createPolicy(given: Partial<Weights> = {}): CustomPolicy {
  const weights = readWeights(given);

  function score(request: Request, instances: readonly PolicyInstance[], nowMs: number): number {
    const emptiness = 1 - instances.reduce((sum, { load }) => sum + load, 0) / instances.length;
    return (
      weights.priorityWeight * CLASS_VALUES[request.priority] +
      weights.sloWeight * urgency(request, nowMs) +
      weights.loadWeight * emptiness
    );
  }

  return {
    name: 'configurable',
    nextRequest(pending, instances, { nowMs }) {
      if (instances.length === 0) return undefined;
      let best: Request | undefined;
      let bestScore = Number.NEGATIVE_INFINITY;
      for (const request of pending) {
        const own = score(request, instances, nowMs);
        if (own <= bestScore) continue;
        best = request;
        bestScore = own;
      }
      return best && { requestId: best.id, reason: `score ${bestScore.toFixed(2)}` };
    },
    getStats: () => ({ weights }),
  };
}

/** 0 for a request without an SLO or that has just come, 1 for one that is due, and beyond it no more. */
function urgency({ arrivalMs, ttftSloMs }: Request, nowMs: number): number {
  return ttftSloMs === undefined ? 0 : Math.min(1, (nowMs - arrivalMs) / ttftSloMs);
}

/** A mistake in the configuration is said when it is read, by name, and not met at the first decision. */
function readWeights(given: Partial<Weights>): Weights {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULTS, name)) {
      throw new RangeError(`unknown parameter "${name}", allowed are ${Object.keys(DEFAULTS).join(', ')}`);
    }
    if (typeof value !== 'number' || !(value >= 0)) {
      throw new RangeError(`${name} must be a number of at least 0, found ${JSON.stringify(value)}`);
    }
  }
  return { ...DEFAULTS, ...given };
}
