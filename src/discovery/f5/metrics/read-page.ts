/** Reads a member's metrics page: which of the possible names is there, and what it says. */

import { createExpositionReader, type ExpositionReader } from '../../../engines/index.ts';
import { F5_METRICS, type F5Metric, type F5Metrics } from '../../../routing/index.ts';
import type { F5Engine } from '../config/scheduler-file.ts';
import { type MetricCandidates, variantShownBy } from './candidates.ts';

/** What is remembered of a member from one page to the next. */
export interface PageMemory {
  /** The name that was there last; it stays in use until it says nothing. */
  readonly workingKeys: Readonly<Partial<Record<F5Metric, string>>>;
  readonly detectedVariant: string | null;
}

export interface PageFigures {
  readonly metrics: F5Metrics;
  readonly memory: PageMemory;
}

export type PageReader = (page: string | Uint8Array, memory: PageMemory) => PageFigures;

export function createPageReader(engine: F5Engine, candidates: MetricCandidates): PageReader {
  const known = new Set(F5_METRICS.flatMap((metric) => candidates[metric].map(({ key }) => key)));
  const readKnown = readerOf(known);

  return function readMemberPage(page, memory) {
    const remembered = Object.values(memory.workingKeys);
    const read = remembered.every((key) => known.has(key)) ? readKnown : readerOf([...known, ...remembered]);
    const means = meansByName(read, page);
    const metrics: Partial<Record<F5Metric, number>> = {};
    const workingKeys: Partial<Record<F5Metric, string>> = {};
    for (const metric of F5_METRICS) {
      const kept = memory.workingKeys[metric];
      const tried = kept === undefined ? [] : [kept];
      const key = [...tried, ...candidates[metric].map((candidate) => candidate.key)].find((name) =>
        means.has(name),
      );
      if (key === undefined) continue;
      const isPercent = candidates[metric].find((candidate) => candidate.key === key)?.isPercent ?? false;
      metrics[metric] = isPercent ? means.get(key)! / 100 : means.get(key)!;
      workingKeys[metric] = key;
    }
    const detectedVariant = detectVariant(engine, candidates, workingKeys) ?? memory.detectedVariant;
    return { metrics, memory: { workingKeys, detectedVariant } };
  };
}

function readerOf(names: Iterable<string>): ExpositionReader {
  return createExpositionReader([...names].map((name) => ({ name, withLabels: false })));
}

/** The mean over all series of a name: models, engines and ranks alike. What is not finite says nothing. */
function meansByName(read: ExpositionReader, page: string | Uint8Array): ReadonlyMap<string, number> {
  const byName = Map.groupBy(
    read(page).filter(({ value }) => Number.isFinite(value)),
    ({ name }) => name,
  );
  return new Map(
    [...byName].map(([name, samples]) => {
      let sum = 0;
      for (const { value } of samples) sum += value;
      return [name, sum / samples.length] as const;
    }),
  );
}

/** The first configured variant that one of the names shows; the engine when they are all its own. */
function detectVariant(
  engine: F5Engine,
  candidates: MetricCandidates,
  workingKeys: PageMemory['workingKeys'],
): string | undefined {
  const shown = F5_METRICS.flatMap((metric) => {
    const key = workingKeys[metric];
    return key === undefined ? [] : [variantShownBy(key, engine, candidates[metric])];
  });
  if (shown.length === 0) return undefined;
  const others = shown.filter((variant) => variant !== engine);
  return others.find((variant) => variant !== 'unknown') ?? others[0] ?? engine;
}
