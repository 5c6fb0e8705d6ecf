/** Fewer requests that wait, or run, in the engine are better, as it reported them and as we changed that since. */

import type { InstanceReport, InstanceView } from '../../domain/index.ts';
import { plainPart, type Scorer } from '../plugins.ts';
import { inShort, spreadLeastFirst } from './normalise.ts';

/**
 * measure = max(0, reported + dispatched − ended since the report); score = (max − measure) / (max − min), 1 where all are equal,
 * as llm-d's queue and running-requests scorers. Our own dispatches count because gauges alone send a whole scrape interval's
 * requests to the same instance. An engine that reports nothing counts as 0 reported.
 */
function reportedRequests(name: string, gauge: (report: InstanceReport) => number | undefined): Scorer {
  const measureOf = ({ report, dispatchedSinceReport, endedSinceReport }: InstanceView): number => {
    const reported = report === undefined ? 0 : (gauge(report) ?? 0);
    return Math.max(0, reported + dispatchedSinceReport - endedSinceReport);
  };
  return {
    name,
    score(_request, views, scores, measures) {
      for (let i = 0; i < views.length; i++) measures[i] = measureOf(views[i]!);
      spreadLeastFirst(measures, views.length, scores);
    },
    describe: (requests) => `${inShort(requests)} requests reported and sent since`,
  };
}

export const waitingQueue = plainPart(
  reportedRequests('waiting-queue', ({ waitingRequests }) => waitingRequests),
  "Fewer requests in the engine's own queue are better.",
);

export const runningRequests = plainPart(
  reportedRequests('running-requests', ({ runningRequests: running }) => running),
  "Fewer requests in the engine's batch are better.",
);
