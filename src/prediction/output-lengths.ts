/** How many tokens answers have, learnt by tenant, model and the limit that the caller set. */

import type { RequestMetadata } from '../domain/index.ts';
import { QuantileSketch } from './quantile-sketch.ts';

export interface OutputLengthOptions {
  /** Most combinations of tenant, model and limit that are remembered; the one not used for longest is forgotten. Default 4,096. */
  readonly maxGroups?: number;
  /** What is expected of a model that nobody has asked yet. Default 256. */
  readonly defaultTokens?: number;
}

/** At so many samples each counts half from then on. */
const HALVE_AT = 1024;
/** The mean of the wider group counts like so many samples. */
const PRIOR_WEIGHT = 10;
/** A group's own quantiles are used from so many samples on. */
const ENOUGH = 20;
const SKETCH = { relativeError: 0.05, min: 0.5, max: 1e7 } as const;

interface Group {
  readonly sketch: QuantileSketch;
  weight: number;
  mean: number;
}

/** From the narrowest to the widest group, each mean leans on the next wider one's while its own samples are few. */
export class OutputLengths {
  readonly #maxGroups: number;
  readonly #defaultTokens: number;
  /** In order of last use. */
  readonly #groups = new Map<string, Group>();
  /** The latest expectation: several parts of one decision ask for the same. */
  #asked: RequestMetadata | undefined;
  #expected = 0;

  constructor({ maxGroups = 4096, defaultTokens = 256 }: OutputLengthOptions = {}) {
    this.#maxGroups = maxGroups;
    this.#defaultTokens = defaultTokens;
  }

  get groupCount(): number {
    return this.#groups.size;
  }

  learn(request: RequestMetadata, outputTokens: number): void {
    if (!(outputTokens >= 0 && Number.isFinite(outputTokens))) return;
    this.#asked = undefined;
    for (const key of groupKeys(request)) addTo(this.#touch(key), outputTokens);
  }

  /** At most what the caller allows. */
  expected(request: RequestMetadata): number {
    if (this.#asked !== request) {
      this.#expected = this.#expectedNow(request);
      this.#asked = request;
    }
    return this.#expected;
  }

  /** Of a model's answers as a whole. */
  expectedOf(model: string): number {
    return this.#groups.get(model)?.mean ?? this.#defaultTokens;
  }

  /** The quantile of the narrowest group with enough samples; the expectation where none has. */
  quantile(request: RequestMetadata, share: number): number {
    const group = groupKeys(request)
      .map((key) => this.#groups.get(key))
      .find((candidate) => candidate !== undefined && candidate.sketch.count >= ENOUGH);
    if (group === undefined) return this.expected(request);
    return Math.min(group.sketch.quantile(share), request.maxTokens ?? Number.POSITIVE_INFINITY);
  }

  #expectedNow(request: RequestMetadata): number {
    let mean = this.#defaultTokens;
    for (const key of groupKeys(request).toReversed()) {
      const group = this.#groups.get(key);
      if (group === undefined) continue;
      // A model's own mean owes nothing to the default, which is a guess about all models.
      const prior = mean === this.#defaultTokens ? 0 : PRIOR_WEIGHT;
      mean = (group.weight * group.mean + prior * mean) / (group.weight + prior);
    }
    return Math.min(mean, request.maxTokens ?? Number.POSITIVE_INFINITY);
  }

  #touch(key: string): Group {
    const group = this.#groups.get(key) ?? { sketch: new QuantileSketch(SKETCH), weight: 0, mean: 0 };
    this.#groups.delete(key);
    this.#groups.set(key, group);
    if (this.#groups.size > this.#maxGroups) {
      this.#groups.delete(this.#groups.keys().next().value!);
    }
    return group;
  }
}

function addTo(group: Group, outputTokens: number): void {
  group.sketch.add(outputTokens);
  group.weight++;
  group.mean += (outputTokens - group.mean) / group.weight;
  if (group.sketch.count < HALVE_AT) return;
  group.sketch.halve();
  group.weight /= 2;
}

/** Limits within a factor of two are one bucket; no limit is one of its own. */
export function maxTokensBucket(maxTokens: number | undefined): string {
  return maxTokens === undefined ? 'none' : String(Math.ceil(Math.log2(Math.max(1, maxTokens))));
}

/** Narrowest first. */
function groupKeys({ tenant = '', model, maxTokens }: RequestMetadata): readonly string[] {
  const bucket = maxTokensBucket(maxTokens);
  return [`${model}\u0000${bucket}\u0000${tenant}`, `${model}\u0000${bucket}`, model];
}
