/** What a table of quantiles says of a distribution: its centre and spread, by two rules, and any quantile between its own. */

/** By their levels, which ascend strictly within 0 and 1; the values do not fall. */
export interface QuantileTable {
  readonly levels: readonly number[];
  readonly values: readonly number[];
}

export interface Summary {
  readonly mean: number;
  readonly standardDeviation: number;
}

/** A normal distribution's quartiles lie 1.349 standard deviations apart, and its p99 1.65 times as far out as its p75… */
const IQR_OF_NORMAL = 1.349;
const TAIL_OF_NORMAL = 1.65;
/** …and where no p99 tells of the tail, it is taken to be longer by this. */
const USUAL_TAIL = 1.5;

/**
 * SwarmPilot's rule: 0.7·q50 + 0.15·q25 + 0.15·q75, and the quartiles' distance over 1.349, times what the p99 says of the tail
 * (at most 1.5). `undefined` without the three quartiles.
 */
export function quartileSummary({ levels, values }: QuantileTable): Summary | undefined {
  const at = (level: number) => values[levels.indexOf(level)];
  const [q25, q50, q75, q99] = [at(0.25), at(0.5), at(0.75), at(0.99)];
  if (q25 === undefined || q50 === undefined || q75 === undefined) return undefined;
  const mean = 0.7 * q50 + 0.15 * q25 + 0.15 * q75;
  const quartiles = q75 - q25;
  if (quartiles <= 0) return { mean, standardDeviation: 0 };
  const tail = q99 === undefined || q75 <= q50 ? USUAL_TAIL : (q99 - q50) / (TAIL_OF_NORMAL * (q75 - q50));
  const stretch = Math.min(USUAL_TAIL, Math.max(0, tail));
  return { mean, standardDeviation: (quartiles / IQR_OF_NORMAL) * stretch };
}

/** Mean and standard deviation of the distribution whose quantile function is linear between the table's, and flat beyond them. */
export function momentsOf({ levels, values }: QuantileTable): Summary {
  const last = levels.length - 1;
  let mean = values[0]! * levels[0]! + values[last]! * (1 - levels[last]!);
  let squares = values[0]! ** 2 * levels[0]! + values[last]! ** 2 * (1 - levels[last]!);
  for (let i = 0; i < last; i++) {
    const width = levels[i + 1]! - levels[i]!;
    mean += (width * (values[i]! + values[i + 1]!)) / 2;
    squares += (width * (values[i]! ** 2 + values[i + 1]! ** 2)) / 2;
  }
  return { mean, standardDeviation: Math.sqrt(Math.max(0, squares - mean * mean)) };
}

/** Linear between the table's own; `undefined` beyond them. */
export function quantileAt({ levels, values }: QuantileTable, level: number): number | undefined {
  const above = levels.findIndex((own) => own >= level);
  if (above === -1) return undefined;
  if (levels[above] === level) return values[above];
  if (above === 0) return undefined;
  const share = (level - levels[above - 1]!) / (levels[above]! - levels[above - 1]!);
  return values[above - 1]! + share * (values[above]! - values[above - 1]!);
}
