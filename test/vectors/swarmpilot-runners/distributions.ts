/** Means and spreads from quantiles. */

import { momentsOf, quartileSummary } from '../../../src/prediction/index.ts';
import { type Check, differencesOf } from './verdict.ts';

export const checkSummary: Check = ({ input, expect, tol }) => {
  const { quantiles } = input as { readonly quantiles: Readonly<Record<string, number>> };
  const pairs = Object.entries(quantiles)
    .map(([level, value]) => [Number(level), value] as const)
    .filter(([level]) => Number.isFinite(level));
  const summary = quartileSummary({
    levels: pairs.map(([level]) => level),
    values: pairs.map(([, value]) => value),
  });
  const found = summary && { expected_ms: summary.mean, error_ms: summary.standardDeviation };
  return { differences: differencesOf(found ?? null, expect, tol) };
};

export const checkMoments: Check = ({ input, expect, tol }) => {
  const { p, q } = input as { readonly p: readonly number[]; readonly q: readonly number[] };
  const { mean, standardDeviation } = momentsOf({ levels: p, values: q });
  return {
    differences: differencesOf(
      { mean, variance: standardDeviation ** 2, std: standardDeviation },
      expect,
      tol,
    ),
  };
};
