/** The F5 modes as scorers of a routing profile, over what the instances' engines reported. */

import type { InstanceReport, ParameterSpecs } from '../../domain/index.ts';
import type { InstanceView } from '../instance-view.ts';
import { definePart, type PartDefinition, type Scorer } from '../plugins.ts';
import { F5_MODE_NAMES, type F5ModeName } from './modes.ts';
import { type F5Metrics, type F5ModeSettings, neededMetrics, scoreMembers } from './score-members.ts';
import { clampToUnit } from './statistics.ts';

/** One scorer for each mode, under the mode's name. */
export const F5_SCORERS: readonly PartDefinition<Scorer>[] = F5_MODE_NAMES.map((mode) =>
  definePart({
    name: mode,
    describe: `F5's mode ${mode}: a weighted sum of ${metricsInWords(mode)}, compared across instances.`,
    parameters: parametersOf(mode),
    create: (settings) => createF5Scorer({ name: mode, ...settings }),
  }),
);

function metricsInWords(mode: F5ModeName): string {
  return neededMetrics(mode).length === 2
    ? 'waiting requests and KV cache usage'
    : 'waiting requests, KV cache usage and running requests';
}

/** The existing scheduler's defaults leave running requests without weight; for `s2` ours are those of its example. */
function parametersOf(mode: F5ModeName) {
  const [waiting, cache, running] = neededMetrics(mode).length === 2 ? [0.5, 0.5, 0] : [0.4, 0.3, 0.3];
  return {
    waitingWeight: weight(waiting!, 'waiting requests'),
    cacheWeight: weight(cache!, 'KV cache usage'),
    runningWeight: weight(running!, 'running requests; without effect in the s1 family'),
    transitionPoint: {
      type: 'number',
      default: 30,
      min: Number.MIN_VALUE,
      describe: 'Waiting requests at which the weights have moved well over; for the dynamic_waiting modes.',
    },
    steepness: {
      type: 'number',
      default: 1,
      describe: 'How fast the weights move over; for the dynamic_waiting modes.',
    },
  } as const satisfies ParameterSpecs;
}

function weight(value: number, what: string) {
  return { type: 'number', default: value, min: 0, describe: `Weight of ${what}.` } as const;
}

/**
 * Scores change only with the reports, as in the existing scheduler, so they are computed once per set of reports. An
 * instance without a report that is complete and fresh gets 0.
 */
function createF5Scorer(settings: F5ModeSettings): Scorer {
  let seen: (InstanceReport | undefined)[] = [];
  let known: readonly (number | undefined)[] = [];
  return {
    name: settings.name,
    score(_request, views, scores, measures, { nowMs }) {
      if (!isSame(seen, views, nowMs)) {
        seen = views.map((view) => freshReport(view, nowMs));
        known = scoreMembers(settings, seen.map(metricsOf));
      }
      for (let i = 0; i < views.length; i++) {
        const score = known[i];
        measures[i] = score ?? Number.NaN;
        scores[i] = score === undefined ? 0 : clampToUnit(score);
      }
    },
    describe: (score) =>
      Number.isNaN(score)
        ? 'no fresh report with what the mode needs'
        : `scored ${Number(score.toFixed(4))} among the reports`,
  };
}

function isSame(
  seen: readonly (InstanceReport | undefined)[],
  views: readonly InstanceView[],
  nowMs: number,
): boolean {
  if (seen.length !== views.length) return false;
  for (let i = 0; i < views.length; i++) if (seen[i] !== freshReport(views[i]!, nowMs)) return false;
  return true;
}

function freshReport({ report, staleAfterMs }: InstanceView, nowMs: number): InstanceReport | undefined {
  return report !== undefined && nowMs - report.atMs <= staleAfterMs ? report : undefined;
}

function metricsOf(report: InstanceReport | undefined): F5Metrics {
  const { waitingRequests, kvCacheUsage, runningRequests } = report ?? {};
  return {
    ...(waitingRequests !== undefined && { waiting_queue: waitingRequests }),
    ...(kvCacheUsage !== undefined && { cache_usage: kvCacheUsage }),
    ...(runningRequests !== undefined && { running_req: runningRequests }),
  };
}
