/** The standard normal distribution. */

const HALF_LOG_TWO_PI = 0.9189385332046728;
/** Beyond it the series takes longer than the continued fraction. */
const SERIES_LIMIT = 3;
/** Where a share no longer fits a double. */
const FARTHEST = 38;

export function normalDensity(z: number): number {
  return Math.exp(-0.5 * z * z - HALF_LOG_TWO_PI);
}

/** The share of values at or below `z`: Taylor series near 0 (Marsaglia 2004), a continued fraction in the tails (Laplace). */
export function normalShare(z: number): number {
  if (Math.abs(z) <= SERIES_LIMIT) return 0.5 + normalDensity(z) * seriesAt(z);
  const tail = Math.abs(z) > FARTHEST ? 0 : normalDensity(z) / fractionAt(Math.abs(z));
  return z < 0 ? tail : 1 - tail;
}

function seriesAt(z: number): number {
  let term = z;
  let sum = z;
  for (let i = 3; Math.abs(term) > Math.abs(sum) * 1e-17; i += 2) {
    term *= (z * z) / i;
    sum += term;
  }
  return sum;
}

function fractionAt(z: number): number {
  let fraction = z;
  for (let i = 60; i > 0; i--) fraction = z + i / fraction;
  return fraction;
}

/** The value that a share `level` of all values is below: Acklam's rational start (2003), then one step of Halley's method. */
export function normalQuantile(level: number): number {
  if (!(level > 0)) return Number.NEGATIVE_INFINITY;
  if (!(level < 1)) return Number.POSITIVE_INFINITY;
  const start = acklam(level);
  const error = (normalShare(start) - level) / normalDensity(start);
  return start - error / (1 + (start * error) / 2);
}

const CENTRE_TOP = [
  -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716,
  2.506628277459239,
];
const CENTRE_BOTTOM = [
  -54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1,
];
const TAIL_TOP = [
  -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
];
const TAIL_BOTTOM = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1];
const TAIL_SHARE = 0.02425;

function acklam(level: number): number {
  if (level > 1 - TAIL_SHARE) return -acklam(1 - level);
  if (level < TAIL_SHARE) {
    const x = Math.sqrt(-2 * Math.log(level));
    return polynomial(TAIL_TOP, x) / polynomial(TAIL_BOTTOM, x);
  }
  const x = level - 0.5;
  return (x * polynomial(CENTRE_TOP, x * x)) / polynomial(CENTRE_BOTTOM, x * x);
}

/** Highest power first. */
function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
}
