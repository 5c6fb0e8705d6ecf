/** What routing chose, with the figures that explain it kept small and put into words only when somebody asks. */

import type { CandidateVerdict } from '../domain/index.ts';
import type { InstanceView } from './instance-view.ts';
import type { Scorer } from './plugins.ts';

export interface RoutingChoice {
  readonly instanceId: string;
  /** The weighted sum that the chosen instance got. */
  readonly score: number;
  /** How many instances were looked at. */
  readonly candidateCount: number;
  /** How many each filter dropped; filters that dropped none are absent. */
  filteredOut(): Readonly<Record<string, number>>;
  /** The reason in words. */
  reason(): string;
  /** The chosen one first, then the best of the others, then dropped ones; at most `MAX_EXPLAINED`. */
  candidates(): readonly CandidateVerdict[];
}

/** How many candidates a choice remembers, which bounds its memory to about 2 KB. */
export const MAX_EXPLAINED = 32;

/** Routing's own arrays, overwritten by its next call. */
export interface RoutingFigures {
  readonly filterNames: readonly string[];
  readonly scorers: readonly Scorer[];
  readonly weights: readonly number[];
  readonly pickerName: string;
  readonly views: readonly InstanceView[];
  /** Per view, the number (from 1) of the filter that dropped it; 0 when none did. */
  readonly dropped: Uint8Array;
  /** Per filter, how many it dropped. */
  readonly droppedCounts: Uint32Array;
  readonly kept: readonly InstanceView[];
  /** Index into `kept`. */
  readonly chosen: number;
  readonly totals: Float64Array;
  /** Per scorer, per kept view. */
  readonly scores: readonly Float64Array[];
  readonly measures: readonly Float64Array[];
}

/** Copies from `figures` what an explanation may need later. */
export function captureChoice(figures: RoutingFigures): RoutingChoice {
  const { kept, chosen, totals, views, filterNames, scorers, weights, pickerName } = figures;
  const keptCount = kept.length;
  const explained = rememberKept(figures);
  const dropped = rememberDropped(figures, MAX_EXPLAINED - explained.ids.length);
  const filteredOut = () => countsByName(filterNames, dropped.counts);
  const candidates = (): CandidateVerdict[] => [
    ...explained.ids.map((id, place) => verdict(id, place, explained.numbers, scorers)),
    ...dropped.ids.map((instanceId, i) => ({ instanceId, droppedBy: filterNames[dropped.steps[i]!]! })),
  ];
  return {
    instanceId: kept[chosen]!.instance.id,
    score: totals[chosen]!,
    candidateCount: views.length,
    filteredOut,
    candidates,
    reason() {
      const best = candidates()[0]!;
      const parts = scorers.map(
        ({ name }, s) => `${name} ${format(best.scores![name]!)} × ${weights[s]} (${best.reasons![name]})`,
      );
      const why = parts.length === 0 ? '' : `: ${parts.join(', ')}`;
      return `${pickerName} of ${keptCount} that passed, ${views.length} looked at${why}`;
    },
  };
}

interface ExplainedCandidates {
  readonly ids: readonly string[];
  /** Per candidate its total, then score and measure of each scorer. */
  readonly numbers: Float64Array;
}

function rememberKept(figures: RoutingFigures): ExplainedCandidates {
  const { kept, chosen, totals, scores, measures } = figures;
  const order = bestPlaces(kept.length, chosen, totals);
  const width = 1 + 2 * scores.length;
  const numbers = new Float64Array(order.length * width);
  const ids = order.map((place, i) => {
    let at = i * width;
    numbers[at++] = totals[place]!;
    for (let s = 0; s < scores.length; s++) {
      numbers[at++] = scores[s]![place]!;
      numbers[at++] = measures[s]![place]!;
    }
    return kept[place]!.instance.id;
  });
  return { ids, numbers };
}

/** The chosen place, then the best others by total, without sorting more than are remembered. */
function bestPlaces(count: number, chosen: number, totals: Float64Array): number[] {
  const places: number[] = [];
  for (let place = 0; place < count; place++) {
    if (place === chosen) continue;
    const isFull = places.length === MAX_EXPLAINED - 1;
    if (isFull && totals[place]! <= totals[places.at(-1)!]!) continue;
    if (isFull) places.pop();
    let at = places.length;
    while (at > 0 && totals[places[at - 1]!]! < totals[place]!) at--;
    places.splice(at, 0, place);
  }
  places.unshift(chosen);
  return places;
}

interface DroppedCandidates {
  readonly ids: readonly string[];
  readonly steps: readonly number[];
  /** Per filter, how many it dropped. */
  readonly counts: Uint32Array;
}

function rememberDropped(
  { views, kept, dropped, droppedCounts }: RoutingFigures,
  room: number,
): DroppedCandidates {
  const ids: string[] = [];
  const steps: number[] = [];
  const remembered = Math.min(room, views.length - kept.length);
  for (let i = 0; ids.length < remembered; i++) {
    const step = dropped[i]! - 1;
    if (step < 0) continue;
    ids.push(views[i]!.instance.id);
    steps.push(step);
  }
  return { ids, steps, counts: droppedCounts.slice() };
}

function verdict(
  instanceId: string,
  place: number,
  numbers: Float64Array,
  scorers: readonly Scorer[],
): CandidateVerdict {
  let at = place * (1 + 2 * scorers.length);
  const total = numbers[at++]!;
  const scores: Record<string, number> = {};
  const reasons: Record<string, string> = {};
  for (const scorer of scorers) {
    scores[scorer.name] = numbers[at++]!;
    reasons[scorer.name] = scorer.describe(numbers[at++]!);
  }
  return { instanceId, total, scores, reasons };
}

function countsByName(names: readonly string[], counts: Uint32Array): Record<string, number> {
  const entries = names.map((name, i) => [name, counts[i]!] as const);
  return Object.fromEntries(entries.filter(([, count]) => count > 0));
}

const format = (value: number): string => String(Number(value.toFixed(3)));
