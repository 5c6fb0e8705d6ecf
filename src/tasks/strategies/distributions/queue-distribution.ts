/** How long all tasks of one queue take together, as a distribution that tasks can be taken out of again. */

import type { QuantileTable, TaskPrediction } from '../../task.ts';
import { RunningSum } from '../running-sum.ts';
import { cumulantsOfTask, timeTableOf } from '../task-time.ts';
import { convolve } from './convolve.ts';
import { type Cumulants, cumulantsOf, tableOf, together } from './cumulants.ts';
import { atLevels, notNegative } from './quantile-table.ts';

/**
 * So many tasks are summed up exactly. What is beyond them adds its moments alone, which are also all that is stored: the more times a sum has, the less of their
 * shape is left in it, and a queue of a million tasks takes no more memory than one of nine.
 */
const EXACT_TASKS = 8;
/** With so many beyond them, the shape of the exact ones does not show in the sum any more, and their moments do. */
const MANY_TASKS = 64;

/** Sums are kept at more levels than are shown, so that what is lost between levels does not grow with the queue. */
const INNER_LEVELS: readonly number[] = [
  0.01, 0.05, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995,
];

/**
 * Taking a task out leaves the distribution of what remains, as if it had never been there. Adding the negative of a random time, as
 * one might, would make the rest wider instead of narrower.
 */
export class QueueDistribution {
  #levels: readonly number[];
  readonly #exact = new Map<string, QuantileTable>();
  readonly #rest = { mean: new RunningSum(), variance: new RunningSum(), third: new RunningSum() };
  #restTasks = 0;
  /** The sum of the first `#summed` exact tasks, so that one more takes one sum more. */
  #exactSum: QuantileTable | undefined;
  #summed = 0;
  #known: QuantileTable | undefined;

  constructor(levels: readonly number[]) {
    this.#levels = levels;
  }

  /** Other levels from now on; tasks that were added keep theirs, which say as much of them. */
  showAt(levels: readonly number[]): void {
    this.#levels = levels;
    this.#known = undefined;
  }

  add(taskId: string, prediction: TaskPrediction | undefined): void {
    this.#known = undefined;
    if (this.#exact.size < EXACT_TASKS) this.#exact.set(taskId, timeTableOf(prediction, this.#levels));
    else this.#changeRest(1, cumulantsOfTask(prediction), 1);
  }

  /** @param prediction as it was added */
  remove(taskId: string, prediction: TaskPrediction | undefined): void {
    this.#known = undefined;
    if (!this.#exact.delete(taskId)) return this.#changeRest(-1, cumulantsOfTask(prediction), 1);
    this.#exactSum = undefined;
    this.#summed = 0;
  }

  /** Adds tasks of which only these sums are known. */
  addRest(tasks: number, sums: Cumulants): void {
    this.#known = undefined;
    this.#changeRest(1, sums, tasks);
  }

  /** `undefined` while nothing is in it. */
  read(): QuantileTable | undefined {
    if (this.#exact.size + this.#restTasks === 0) return undefined;
    this.#known ??= this.#sumUp();
    return this.#known;
  }

  #changeRest(sign: 1 | -1, { mean, variance, third }: Cumulants, tasks: number): void {
    this.#restTasks = Math.max(0, this.#restTasks + sign * tasks);
    if (this.#restTasks === 0) {
      for (const sum of Object.values(this.#rest)) sum.clear();
      return;
    }
    this.#rest.mean.add(sign * mean);
    this.#rest.variance.add(sign * variance);
    this.#rest.third.add(sign * third);
  }

  #sumUp(): QuantileTable {
    for (const table of [...this.#exact.values()].slice(this.#summed)) {
      this.#exactSum = this.#exactSum === undefined ? table : sumOfTwo(this.#exactSum, table);
    }
    this.#summed = this.#exact.size;
    const rest = this.#restCumulants();
    if (this.#restTasks >= MANY_TASKS) {
      const all = this.#exactSum === undefined ? rest : together(rest, cumulantsOf(this.#exactSum));
      return notNegative(tableOf(all, this.#levels));
    }
    const restTable = this.#restTasks > 0 ? tableOf(rest, INNER_LEVELS) : undefined;
    const tables = [this.#exactSum, restTable].filter((table) => table !== undefined);
    return notNegative(atLevels(tables.reduce(sumOfTwo), this.#levels));
  }

  #restCumulants(): Cumulants {
    const { mean, variance, third } = this.#rest;
    return { mean: mean.value, variance: Math.max(0, variance.value), third: third.value };
  }
}

/** What a few levels do not show of a sum is made up for: its mean and variance are those of both together. */
function sumOfTwo(one: QuantileTable, other: QuantileTable): QuantileTable {
  const { levels, values } = convolve(one, other, INNER_LEVELS);
  const [first, second, sum] = [one, other, { levels, values }].map(cumulantsOf);
  const { mean, variance } = together(first!, second!);
  const stretch = sum!.variance > 0 ? Math.sqrt(variance / sum!.variance) : 1;
  return { levels, values: values.map((value) => mean + stretch * (value - sum!.mean)) };
}
