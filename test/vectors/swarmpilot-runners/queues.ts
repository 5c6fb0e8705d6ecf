/** What queues add up to while tasks come. What they do when tasks go is where the faults are. */

import { quartileSummary } from '../../../src/prediction/index.ts';
import { givenTime } from '../../../src/tasks/predictions/index.ts';
import { addBySampling } from '../../../src/tasks/strategies/distributions/add-by-sampling.ts';
import { convolve } from '../../../src/tasks/strategies/distributions/convolve.ts';
import {
  convolveOnGrid,
  quantilesOfGrid,
  shareFunction,
} from '../../../src/tasks/strategies/distributions/convolve-on-grid.ts';
import { extended, valueExtended } from '../../../src/tasks/strategies/distributions/quantile-table.ts';
import { createStrategy, QueueLedger, type QueueState } from '../../../src/tasks/strategies/index.ts';
import type { QuantileTable, TaskPrediction } from '../../../src/tasks/task.ts';
import { drawsFrom } from './draws.ts';
import { type Check, differencesOf } from './verdict.ts';

interface Reply {
  readonly expect?: number;
  readonly error?: number;
  readonly quantiles?: readonly number[];
  readonly quantile_predictions?: readonly number[];
}

interface Step {
  readonly op: 'submit' | 'complete' | 'clear';
  readonly task?: string;
  readonly metadata?: { readonly server_time_cost?: number };
  readonly prediction?: Reply | null;
}

const SUBTRACTION_FAULT =
  'faults S3 and S4: what a task took is taken from the queue of whoever tells of it; up to there the record agrees';

/** Until the first completion. That a task without a prediction does not count at all is fault S13; it is passed over. */
export const checkSums: Check = ({ input, expect, tol }) => {
  const { uuids, steps } = input as { readonly uuids: readonly string[]; readonly steps: readonly Step[] };
  const { steps: results } = expect as {
    readonly steps: readonly { readonly selected?: number; readonly after: readonly object[] }[];
  };
  const ledger = new QueueLedger();
  const strategy = createStrategy('shortest_queue', drawsFrom(0));
  const differences: string[] = [];
  for (const [i, { op, task = '', metadata, prediction: reply }] of steps.entries()) {
    if (op === 'complete') return differences.length > 0 ? { differences } : { skip: SUBTRACTION_FAULT };
    const { selected, after } = results[i]!;
    if (op === 'clear') ledger.clear();
    else {
      const index = strategy.choose(
        uuids.map((uuid) => ({ uuid, queue: ledger.state(uuid) })),
        'm',
      );
      differences.push(...differencesOf(index, selected, 0, `/${i}/selected`));
      const prediction = predictionOf(metadata?.server_time_cost, reply);
      if (prediction !== undefined) ledger.add(uuids[index]!, { id: task, prediction });
    }
    const found = uuids.map((uuid) => shown(ledger.state(uuid)));
    differences.push(...differencesOf(found, after.map(withoutNames), tol, `/${i}`));
  }
  return { differences };
};

function shown({ expectedMs, errorMs, tasks }: QueueState): object {
  return { expected_ms: expectedMs, error_ms: errorMs, task_count: tasks };
}

function withoutNames(state: object): object {
  return { ...state, pending: undefined };
}

/** The deviation of a time that is given is fault S14; the books take it as they take any. */
function predictionOf(
  given: number | undefined,
  reply: Reply | null | undefined,
): TaskPrediction | undefined {
  if (given !== undefined) return { expectedMs: given, errorMs: Math.sqrt(0.05 * given) };
  const { expect, error, quantiles, quantile_predictions } = reply ?? {};
  if (expect !== undefined && error !== undefined) return { expectedMs: expect, errorMs: error };
  if (quantiles === undefined || quantile_predictions === undefined) return undefined;
  const summary = quartileSummary({ levels: quantiles, values: quantile_predictions });
  return summary && { expectedMs: summary.mean, errorMs: summary.standardDeviation };
}

const NEGATION_FAULT = 'fault S12: taking a random time away makes the rest wider, and below zero';
const CLEARING_FAULT = 'fault S11: clearing all tasks leaves their distributions';
const LENGTH_FAULT = 'fault 11: another number of quantiles than the strategy has is passed over';

export const checkDraws: Check = ({ input, expect, tol }) => {
  const { n, quantiles, select_lcg_seed, sampling_lcg_seed, steps } = input as {
    readonly n: number;
    readonly quantiles: readonly number[];
    readonly select_lcg_seed: number;
    readonly sampling_lcg_seed: number;
    readonly steps: readonly Step[];
  };
  const { steps: results } = expect as {
    readonly steps: readonly {
      readonly selected?: number;
      readonly values: readonly (readonly number[])[];
    }[];
  };
  const strategy = createStrategy('probabilistic', drawsFrom(select_lcg_seed));
  const sampling = drawsFrom(sampling_lcg_seed);
  const tables: QuantileTable[] = Array.from({ length: n }, () => ({
    levels: quantiles,
    values: quantiles.map(() => 0),
  }));
  const differences: string[] = [];
  for (const [i, { op, metadata, prediction }] of steps.entries()) {
    if (op !== 'submit') {
      const skip = op === 'clear' ? CLEARING_FAULT : NEGATION_FAULT;
      return differences.length > 0 ? { differences } : { skip };
    }
    const values = valuesOf(metadata?.server_time_cost, prediction);
    if (values === undefined || values.length !== quantiles.length) {
      return differences.length > 0 ? { differences } : { skip: LENGTH_FAULT };
    }
    const index = strategy.choose(
      tables.map((table, place) => ({
        uuid: `${place}`,
        queue: { expectedMs: 0, errorMs: 0, tasks: 0, quantiles: table },
      })),
      'm',
    );
    tables[index] = addBySampling(tables[index]!, { levels: quantiles, values }, sampling);
    const found = { selected: index, values: tables.map((table) => table.values) };
    const { selected, values: expected } = results[i]!;
    differences.push(...differencesOf(found, { selected, values: expected }, tol, `/${i}`));
  }
  return { differences };
};

function valuesOf(given: number | undefined, reply: Reply | null | undefined): readonly number[] | undefined {
  if (given !== undefined) return givenTime(given).quantiles!.values;
  const isWhole = reply?.expect !== undefined && reply.error !== undefined;
  return isWhole ? reply.quantile_predictions : undefined;
}

interface Pair {
  readonly quantiles: readonly number[];
  readonly self: readonly number[];
  readonly other: readonly number[];
  readonly lcg_seed: number;
  readonly n_samples: number;
}

export const checkSampledSum: Check = ({ input, expect, tol }) => {
  const { quantiles: levels, self, other, lcg_seed, n_samples } = input as Pair;
  const sum = addBySampling(
    { levels, values: self },
    { levels, values: other },
    drawsFrom(lcg_seed),
    n_samples,
  );
  return { differences: differencesOf(sum.values, (expect as { readonly values: unknown }).values, tol) };
};

export const checkSampledDifference: Check = () => ({ skip: NEGATION_FAULT });

interface GridInput {
  readonly p_x: readonly number[];
  readonly q_x: readonly number[];
  readonly p_y: readonly number[];
  readonly q_y: readonly number[];
  readonly n_grid: number;
  readonly p_eval: readonly number[];
  readonly u: readonly number[];
  readonly x: readonly number[];
}

/** The grid to the tolerance; the exact sum to what the grid is off, half of a cell and two steps. */
export const checkConvolution: Check = ({ input, expect, tol }) => {
  const { p_x, q_x, p_y, q_y, n_grid, p_eval, u, x } = input as GridInput;
  const [one, other] = [
    { levels: p_x, values: q_x },
    { levels: p_y, values: q_y },
  ];
  const grid = convolveOnGrid(one, other, n_grid);
  const quantiles = quantilesOfGrid(grid, p_eval).values;
  const found = {
    sum_quantiles: quantiles,
    z_first: grid.values[0],
    z_last: grid.values.at(-1),
    F_first: grid.shares[0],
    F_last: grid.shares.at(-1),
    'Q_x(u)': u.map((level) => valueExtended(one, level)),
    'F_x(x)': x.map(shareFunction(one)),
  };
  const cells = extended(other).values;
  const widest = Math.max(...cells.slice(1).map((value, i) => value - cells[i]!));
  const allowed = widest / 2 + (2 * (grid.values.at(-1)! - grid.values[0]!)) / (n_grid - 1);
  const far = convolve(one, other, p_eval).values.flatMap((value, i) =>
    Math.abs(value - quantiles[i]!) <= allowed
      ? []
      : [`exact sum at ${p_eval[i]}: ${value}, on the grid ${quantiles[i]}`],
  );
  return { differences: [...differencesOf(found, expect, tol), ...far] };
};

export const checkBadTable: Check = ({ input }) => {
  const { p, q } = input as { readonly p: readonly number[]; readonly q: readonly number[] };
  const table = { levels: p, values: q };
  try {
    convolveOnGrid(table, table);
  } catch {
    return { differences: [] };
  }
  return { differences: ['the table is not refused'] };
};
