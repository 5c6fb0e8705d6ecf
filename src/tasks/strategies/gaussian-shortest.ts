/** `gaussian_shortest`: drawn, each instance as likely as its queue is the shortest if all are normal. */

import type { Random } from '../../domain/index.ts';
import { normalDensity, normalShare } from './distributions/normal.ts';
import type { TaskStrategy } from './strategy.ts';
import { drawnBy, type Weighing } from './weighted-draw.ts';

/** No queue counts as surer than this, milliseconds. */
const LEAST_ERROR_MS = 1;
/** Only what is within so many of its own deviations counts for a queue. */
const REACH = 1;

export function gaussianShortest(random: Random): TaskStrategy {
  return drawnBy('gaussian_shortest', gaussianWeights(), random);
}

/**
 * The weight of queue i with mean A_i and deviation E_i: the integral over z from -1 to 1 of φ(z) · Π_{j≠i} Φ((A_j − (A_i + E_i z)) / E_j).
 */
export function gaussianWeights(leastErrorMs = LEAST_ERROR_MS): Weighing {
  return (queues) => {
    const floored = queues.map(({ expectedMs, errorMs }) => ({
      mean: expectedMs,
      deviation: Math.max(errorMs, leastErrorMs),
    }));
    return floored.map((queue, i) => shareShortest(queue, floored.toSpliced(i, 1)));
  };
}

interface Normal {
  readonly mean: number;
  readonly deviation: number;
}

function shareShortest({ mean, deviation }: Normal, others: readonly Normal[]): number {
  const density = (z: number) =>
    others.reduce(
      (product, other) => product * normalShare((other.mean - (mean + deviation * z)) / other.deviation),
      normalDensity(z),
    );
  const edges = edgesFor(
    others.map((other) => ({
      mean: (other.mean - mean) / deviation,
      deviation: other.deviation / deviation,
    })),
  );
  let share = 0;
  for (let i = 0; i + 1 < edges.length; i++) share += integrate(density, edges[i]!, edges[i + 1]!);
  return share;
}

/** Another queue that is much surer than this one makes a steep step; cut there, each piece is smooth. */
function edgesFor(steps: readonly Normal[]): readonly number[] {
  const edges = steps.flatMap(({ mean, deviation }) =>
    [-8, -3, 0, 3, 8].map((distance) => mean + distance * deviation),
  );
  return [-REACH, ...edges.filter((z) => z > -REACH && z < REACH), REACH].sort((a, b) => a - b);
}

/** Gauss-Legendre with ten points: nodes and weights of one half. */
const NODES = [
  [0.14887433898163122, 0.29552422471475287],
  [0.4333953941292472, 0.26926671930999635],
  [0.6794095682990244, 0.21908636251598204],
  [0.8650633666889845, 0.1494513491505806],
  [0.9739065285171717, 0.06667134430868814],
] as const;

function integrate(f: (z: number) => number, from: number, to: number): number {
  const [middle, half] = [(from + to) / 2, (to - from) / 2];
  let sum = 0;
  for (const [node, weight] of NODES) sum += weight * (f(middle - half * node) + f(middle + half * node));
  return half * sum;
}
