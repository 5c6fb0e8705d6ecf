/** Strategies of the second of the two systems. */

import { convolve } from '../../../src/tasks/strategies/distributions/convolve.ts';
import {
  type Candidate,
  createStrategy,
  isStrategyName,
  QueueLedger,
} from '../../../src/tasks/strategies/index.ts';
import type { QuantileTable } from '../../../src/tasks/task.ts';
import { drawsFrom } from './draws.ts';
import { type Check, differencesOf } from './verdict.ts';

interface RawPrediction {
  readonly instance_id: string;
  readonly predicted_time_ms: number;
  readonly error_margin_ms: number | null;
  readonly quantiles: Readonly<Record<string, number>> | null;
}

interface RawQueue {
  readonly expected_time_ms?: number;
  readonly error_margin_ms?: number;
  readonly quantiles?: readonly number[];
  readonly values?: readonly number[];
}

interface Placing {
  readonly predictions: readonly RawPrediction[];
  readonly queues: Readonly<Record<string, RawQueue>>;
  readonly lcg_seed: number;
}

const NOBODY = { next: () => Number.NaN };

/** A queue that is missing, or keeps quantiles alone, is as good as empty. */
function ledgerOf(queues: Placing['queues']): QueueLedger {
  const ledger = new QueueLedger();
  ledger.restore(
    Object.entries(queues).map(([instance, { expected_time_ms = 0, error_margin_ms = 0 }]) => ({
      instance,
      model: 'm',
      tasks: 1,
      expectedMs: expected_time_ms,
      varianceMs2: error_margin_ms ** 2,
    })),
  );
  return ledger;
}

function candidatesOf({ predictions, queues }: Placing): readonly Candidate[] {
  const ledger = ledgerOf(queues);
  return predictions.map((raw) => ({
    uuid: raw.instance_id,
    queue: ledger.state(raw.instance_id),
    prediction: { expectedMs: raw.predicted_time_ms, errorMs: raw.error_margin_ms ?? 0 },
  }));
}

export const checkMinTime: Check = ({ kind, input, expect, tol }) => {
  const candidates = candidatesOf(input as Placing);
  const strategy = createStrategy(kind.slice('sp.'.length), NOBODY);
  const { uuid, prediction } = candidates[strategy.choose(candidates, 'm')]!;
  const ledger = ledgerOf((input as Placing).queues);
  ledger.add(uuid, { id: 'task', prediction });
  const { expectedMs, errorMs } = ledger.state(uuid);
  const found = {
    selected: uuid,
    queue_after: { instance_id: uuid, expected_time_ms: expectedMs, error_margin_ms: errorMs },
  };
  return { differences: differencesOf(found, expect, tol) };
};

const PO2_FAULT = 'fault P1: the second queue is read as if it were of the kind of the first';

/** Who is chosen; that the prediction becomes 1 ms is fault P1, and ours stays. */
export const checkPowerOfTwo: Check = ({ input, expect }) => {
  const { predictions, queues, lcg_seed } = input as Placing;
  const { selected } = expect as { readonly selected: string };
  const candidates = candidatesOf(input as Placing);
  const index = createStrategy('po2', drawsFrom(lcg_seed)).choose(candidates, 'm');
  const random = drawsFrom(lcg_seed);
  const [first, second] = [0, 1].map(
    () => queues[predictions[Math.floor(random.next() * predictions.length)]!.instance_id],
  );
  const isPlain = (queue: RawQueue | undefined) => queue?.expected_time_ms !== undefined;
  if (isPlain(first) !== isPlain(second)) return { skip: PO2_FAULT };
  return { differences: differencesOf(candidates[index]!.uuid, selected) };
};

function idleInstances(count: number): readonly Candidate[] {
  return Array.from({ length: count }, (_, i) => ({
    uuid: `i${i}`,
    queue: { expectedMs: 0, errorMs: 0, tasks: 0 },
  }));
}

export const checkRandom: Check = ({ input, expect }) => {
  const { n, lcg_seed } = input as { readonly n: number; readonly lcg_seed: number };
  const { selected } = expect as { readonly selected: readonly string[] };
  const strategy = createStrategy('random', drawsFrom(lcg_seed));
  const found = selected.map(() => idleInstances(n)[strategy.choose(idleInstances(n), 'm')]!.uuid);
  return { differences: differencesOf(found, selected) };
};

/** Its counter is ours where nothing is known of times; the strategy called `round_robin` turns as in the first system. */
export const checkCounter: Check = ({ input, expect }) => {
  const { candidates_per_call } = input as { readonly candidates_per_call: readonly number[] };
  const { selected, counter } = expect as { readonly selected: readonly string[]; readonly counter: number };
  const strategy = createStrategy('adaptive_bootstrap', NOBODY);
  const turn = (count: number) => strategy.choose(idleInstances(count), 'm');
  const found = candidates_per_call.map((count) => `i${turn(count)}`);
  return { differences: differencesOf([...found, turn(10_000)], [...selected, counter]) };
};

const SHARED_DRAW_FAULT =
  'fault P3: a task and its queue are drawn by the same number, as if one were long whenever the other is';

/** Where there is nobody to choose from and the task's time is sure, nothing is drawn: the queue is as much later. */
export const checkSharedDraws: Check = ({ input, expect, tol }) => {
  const { predictions, queues } = input as Placing;
  const [only] = predictions;
  const queue = only && queues[only.instance_id];
  const isSure = predictions.length === 1 && only?.quantiles === null;
  if (!isSure || queue?.values === undefined || queue.quantiles === undefined)
    return { skip: SHARED_DRAW_FAULT };
  const before: QuantileTable = { levels: queue.quantiles, values: queue.values };
  const after = convolve(before, { levels: [0.5], values: [only!.predicted_time_ms] }, before.levels);
  const { queue_after } = expect as { readonly queue_after: { readonly values: readonly number[] } };
  return { differences: differencesOf(after.values, queue_after.values, tol) };
};

const CLASSES: Readonly<Record<string, string>> = {
  MinimumExpectedTimeStrategy: 'min_time',
  ProbabilisticSchedulingStrategy: 'probabilistic',
  RoundRobinStrategy: 'round_robin',
  RandomStrategy: 'random',
  PowerOfTwoStrategy: 'po2',
  ServerlessStrategy: 'serverless',
  AdaptiveBootstrapStrategy: 'adaptive_bootstrap',
};

export const checkFactory: Check = ({ input, expect }) => {
  const { strategy_name } = input as { readonly strategy_name: string };
  if (!isStrategyName(strategy_name)) {
    return { skip: 'fault P5: a name that no strategy has becomes another; ours is refused' };
  }
  const { name } = createStrategy(strategy_name, NOBODY);
  const known = CLASSES[(expect as { readonly class: string }).class];
  // A class that goes by another name than we know is still to be the one of the strategy's own name.
  return { differences: differencesOf(name, known ?? strategy_name) };
};
