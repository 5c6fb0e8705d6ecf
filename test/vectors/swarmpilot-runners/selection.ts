/** Which instance a strategy chooses, as the first of the two systems does. */

import { gaussianWeights } from '../../../src/tasks/strategies/gaussian-shortest.ts';
import {
  type Candidate,
  createStrategy,
  type QueueState,
  type TaskStrategy,
} from '../../../src/tasks/strategies/index.ts';
import { inverseSizeWeights, inverseTimeWeights } from '../../../src/tasks/strategies/inverse-weights.ts';
import { drawOf } from '../../../src/tasks/strategies/probabilistic.ts';
import { weighted, weightedScore } from '../../../src/tasks/strategies/weighted.ts';
import { drawIndex, type Weighing } from '../../../src/tasks/strategies/weighted-draw.ts';
import { drawsFrom } from './draws.ts';
import { type Check, differencesOf } from './verdict.ts';

interface RawState {
  readonly expected_ms: number;
  readonly error_ms: number;
  readonly task_count?: number;
  readonly queue_size?: number;
}

interface RawInstance {
  readonly uuid: string;
  readonly model?: string;
  readonly instance_id?: string | null;
  readonly state?: RawState | null;
}

const NOBODY = { next: () => Number.NaN };

export function queueOf(raw: RawState | null | undefined): QueueState {
  const { expected_ms = 0, error_ms = 0, task_count, queue_size } = raw ?? {};
  return { expectedMs: expected_ms, errorMs: error_ms, tasks: task_count ?? queue_size ?? 0 };
}

/** Those of the model that are known by an address, in order. */
function candidatesFor(instances: readonly RawInstance[], model: string): readonly Candidate[] {
  return instances
    .filter((instance) => instance.model === model && instance.instance_id !== null)
    .map(({ uuid, state }) => ({ uuid, queue: queueOf(state) }));
}

export const checkShortestQueue: Check = ({ input, expect, tol }) => {
  const { instances, request_model } = input as {
    readonly instances: readonly RawInstance[];
    readonly request_model: string;
  };
  const candidates = candidatesFor(instances, request_model);
  if (candidates.length === 0) return { differences: nobodyThere(expect) };
  const { uuid, queue } =
    candidates[createStrategy('shortest_queue', NOBODY).choose(candidates, request_model)]!;
  const { expectedMs, errorMs, tasks } = queue;
  const found = { selected: uuid, expected_ms: expectedMs, error_ms: errorMs, queue_size: tasks };
  return { differences: differencesOf(found, expect, tol) };
};

/** Who has nobody to choose from is told so by the doors; here it is enough that the record says so too. */
function nobodyThere(expected: unknown): readonly string[] {
  const isError = typeof expected === 'object' && expected !== null && 'error' in expected;
  return isError ? [] : [`found nobody to choose from, expected ${JSON.stringify(expected)}`];
}

type Turn =
  | { readonly op: 'select'; readonly model: string }
  | { readonly op: 'set_instances'; readonly uuids: readonly string[] };

export const checkRoundRobin: Check = ({ input, expect }) => {
  const { instances, ops } = input as {
    readonly instances: readonly RawInstance[];
    readonly ops: readonly Turn[];
  };
  const { selected, final_index } = expect as {
    readonly selected: readonly unknown[];
    readonly final_index: number;
  };
  const strategy = createStrategy('round_robin', NOBODY);
  let known = instances;
  const differences = ops.flatMap((turn, i) => {
    if (turn.op === 'set_instances') {
      known = turn.uuids.map((uuid) => instances.find((each) => each.uuid === uuid)!);
      return [];
    }
    const candidates = candidatesFor(known, turn.model);
    if (candidates.length === 0) return nobodyThere(selected[i]);
    return differencesOf(candidates[strategy.choose(candidates, turn.model)]!.uuid, selected[i], 0, `/${i}`);
  });
  return {
    differences: [...differences, ...differencesOf(cursorOf(strategy), final_index, 0, '/final_index')],
  };
};

/** With more candidates than it can be at, the next choice is the cursor. */
function cursorOf(strategy: TaskStrategy): number {
  return strategy.choose(
    Array.from({ length: 10_000 }, (_, i) => ({ uuid: `${i}`, queue: queueOf(null) })),
    'm',
  );
}

export const checkWeighted: Check = ({ input, expect, tol }) => {
  const { error_weight, candidates: given } = input as {
    readonly error_weight: number;
    readonly candidates: readonly (RawState & { readonly uuid: string })[];
  };
  const candidates = given.map((raw) => ({ uuid: raw.uuid, queue: queueOf(raw) }));
  const { uuid, queue } = candidates[weighted(error_weight).choose(candidates, 'm')]!;
  const score = weightedScore(error_weight);
  const found = {
    effective_weight: score({ expectedMs: 0, errorMs: 1, tasks: 0 }),
    selected: uuid,
    score: score(queue),
  };
  return { differences: differencesOf(found, expect, tol) };
};

/** Nothing is told of the queues but how many tasks they have, and nothing happens between the choices. */
export const checkWeightedPath: Check = ({ input, expect }) => {
  const { uuids, task_counts } = input as {
    readonly uuids: readonly string[];
    readonly task_counts: readonly number[];
  };
  const { selected } = expect as { readonly selected: readonly string[] };
  const candidates = uuids.map((uuid, i) => ({
    uuid,
    queue: { expectedMs: 0, errorMs: 0, tasks: task_counts[i]! },
  }));
  const strategy = createStrategy('weighted', NOBODY);
  const found = selected.map(() => candidates[strategy.choose(candidates, 'm')]!.uuid);
  return { differences: differencesOf(found, selected) };
};

interface ProbabilisticInput {
  readonly quantiles: readonly number[];
  readonly instances: readonly { readonly uuid: string; readonly values: readonly number[] }[];
  readonly lcg_seed: number;
  readonly rounds: number;
  readonly mc?: { readonly lcg_seed: number; readonly rounds: number };
}

export const checkProbabilistic: Check = ({ input, expect, tol }) => {
  const { quantiles, instances, lcg_seed, rounds, mc } = input as ProbabilisticInput;
  const { samples, selected_index, monte_carlo } = expect as {
    readonly samples: readonly number[];
    readonly selected_index: readonly number[];
    readonly monte_carlo?: { readonly counts: readonly number[] };
  };
  const candidates = instances.map(({ uuid, values }) => ({
    uuid,
    queue: { ...queueOf(null), quantiles: { levels: quantiles, values } },
  }));
  const choices = (seed: number, count: number) => {
    const strategy = createStrategy('probabilistic', drawsFrom(seed));
    return Array.from({ length: count }, () => strategy.choose(candidates, 'm'));
  };
  const random = drawsFrom(lcg_seed);
  const drawn = samples.map((_, i) => drawOf(candidates[i % candidates.length]!.queue, random.next()));
  const found = { samples: drawn, selected_index: choices(lcg_seed, rounds) };
  const differences = differencesOf(found, { samples, selected_index }, tol);
  if (mc === undefined || monte_carlo === undefined) return { differences };
  const counts = candidates.map(() => 0);
  for (const choice of choices(mc.lcg_seed, mc.rounds)) counts[choice]!++;
  return { differences: [...differences, ...differencesOf(counts, monte_carlo.counts, 0, '/counts')] };
};

/** By the strategy's name in its history: what it weighs by. */
const WEIGHINGS: Readonly<Record<string, (leastWeight: number, epsilon: number | null) => Weighing>> = {
  'gq.probabilistic_history.inverse_queue_size': (least) => inverseSizeWeights(least),
  'gq.probabilistic_history.inverse_expected': (least, epsilon) => inverseTimeWeights(least, epsilon ?? 1),
  'gq.probabilistic_history.gaussian_shortest': (_, epsilon) => gaussianWeights(epsilon ?? 1),
};

export const checkHistory: Check = ({ kind, input, expect, tol }) => {
  const { min_weight, epsilon, instances, lcg_seed } = input as {
    readonly min_weight: number;
    readonly epsilon: number | null;
    readonly instances: readonly RawState[];
    readonly lcg_seed: number;
  };
  const { selected_index } = expect as { readonly selected_index: readonly number[] };
  const weights = WEIGHINGS[kind]!(min_weight, epsilon)(instances.map(queueOf));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const random = drawsFrom(lcg_seed);
  const found = {
    weights,
    probabilities: weights.map((weight) => weight / total),
    selected_index: selected_index.map(() => drawIndex(weights, random)),
  };
  return { differences: differencesOf(found, expect, tol) };
};
