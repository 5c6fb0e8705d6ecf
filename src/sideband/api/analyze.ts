/** Compares how often members are chosen with what their scores promise. */

import { chancesOf } from '../../routing/index.ts';
import type { Member } from '../pools/member.ts';
import type { Pool } from '../pools/pool.ts';
import { namedMembers } from '../select/candidates.ts';
import { judge, type SelectConditions, type SelectRequest } from '../select/select.ts';
import { inText, roundTo } from './decimals.ts';
import { countByMember, type Round, rounds } from './simulate.ts';

/** How many of the last rounds are listed. */
const LISTED_ROUNDS = 50;

/** The shape of the existing scheduler's answer. */
export function analyze(
  pool: Pool,
  request: SelectRequest,
  iterations: number,
  conditions: SelectConditions,
): Record<string, unknown> {
  const named = namedMembers(pool, request.members);
  if (named.length === 0) return { error: 'No valid intersection members' };
  const scores = named.map((member) => {
    const { score, dropped } = judge(pool, member, request.model, conditions);
    return dropped === undefined ? score : 0;
  });
  const chosen = rounds(pool, request, iterations, conditions);
  const promised = chancesOf(scores).map((chance) => chance * 100);
  const deviations = deviationsOf(named, promised, chosen);
  const spread = spreadOf(deviations.map((deviation) => deviation.absolute_deviation));
  const successRate = iterations === 0 ? 0 : (chosen.length / iterations) * 100;
  const byMember = <Value>(values: readonly Value[]) =>
    Object.fromEntries(named.map(({ name }, i) => [name, values[i]!]));
  const { name, partition } = pool.settings;
  const total = scores.reduce((sum, score) => sum + score, 0);
  return {
    pool_info: { name, partition, member_count: named.length, total_score: roundTo(total, 6) },
    theoretical_probabilities: byMember(promised),
    actual_probabilities: byMember(sharesOf(named, chosen)),
    deviation_analysis: byMember(deviations),
    overall_statistics: {
      total_iterations: iterations,
      successful_selections: chosen.length,
      success_rate: roundTo(successRate, 2),
      mean_absolute_deviation: spread.mean,
      max_absolute_deviation: spread.max,
      min_absolute_deviation: spread.min,
      std_deviation: spread.standard,
    },
    quality_assessment: assess(spread, successRate),
    detailed_results: chosen
      .slice(-LISTED_ROUNDS)
      .map(({ round, selected }) => ({ round, selected, timestamp: round - 1 })),
  };
}

/** Percent of the rounds in which some member was chosen. */
function sharesOf(named: readonly Member[], chosen: readonly Round[]): readonly number[] {
  const counts = countByMember(chosen);
  return named.map(({ name }) => (chosen.length === 0 ? 0 : ((counts.get(name) ?? 0) / chosen.length) * 100));
}

interface Deviation {
  readonly theoretical_percent: number;
  readonly actual_percent: number;
  readonly absolute_deviation: number;
  readonly relative_deviation_percent: number;
  readonly selection_count: number;
}

function deviationsOf(
  named: readonly Member[],
  promised: readonly number[],
  chosen: readonly Round[],
): readonly Deviation[] {
  const counts = countByMember(chosen);
  const shares = sharesOf(named, chosen);
  return named.map(({ name }, i) => {
    const absolute = Math.abs(shares[i]! - promised[i]!);
    const relative = promised[i]! > 0 ? (absolute / promised[i]!) * 100 : 0;
    return {
      theoretical_percent: roundTo(promised[i]!, 4),
      actual_percent: roundTo(shares[i]!, 4),
      absolute_deviation: roundTo(absolute, 4),
      relative_deviation_percent: roundTo(relative, 4),
      selection_count: counts.get(name) ?? 0,
    };
  });
}

interface Spread {
  readonly mean: number;
  readonly max: number;
  readonly min: number;
  /** Of a sample; 0 for a single value. */
  readonly standard: number;
}

/** @param values not empty */
function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0);
  const standard = values.length === 1 ? 0 : Math.sqrt(squares / (values.length - 1));
  return {
    mean: roundTo(mean, 4),
    max: roundTo(Math.max(...values), 4),
    min: roundTo(Math.min(...values), 4),
    standard: roundTo(standard, 4),
  };
}

interface Grade {
  readonly name: string;
  readonly isAcceptable: boolean;
  /** Bounds on the mean and largest deviation, and on the share of rounds with a choice. */
  readonly meanBelow: number;
  readonly maxBelow: number;
  readonly successAbove: number;
  readonly score: (mean: number) => number;
}

const GRADES: readonly Grade[] = [
  {
    name: 'Excellent',
    isAcceptable: true,
    meanBelow: 1,
    maxBelow: 2,
    successAbove: 99,
    score: (mean) => 95 + (5 - mean),
  },
  {
    name: 'Good',
    isAcceptable: true,
    meanBelow: 2,
    maxBelow: 5,
    successAbove: 95,
    score: (mean) => 80 + Math.max(0, 15 - 3 * mean),
  },
  {
    name: 'Fair',
    isAcceptable: false,
    meanBelow: 5,
    maxBelow: 10,
    successAbove: 90,
    score: (mean) => 60 + Math.max(0, 20 - 4 * mean),
  },
  {
    name: 'Needs optimization',
    isAcceptable: false,
    meanBelow: Number.POSITIVE_INFINITY,
    maxBelow: Number.POSITIVE_INFINITY,
    successAbove: Number.NEGATIVE_INFINITY,
    score: (mean) => Math.max(0, 60 - 5 * mean),
  },
];

function assess({ mean, max, standard }: Spread, successRate: number): Record<string, unknown> {
  const grade = GRADES.find(
    ({ meanBelow, maxBelow, successAbove }) =>
      mean < meanBelow && max < maxBelow && successRate > successAbove,
  )!;
  const recommendations = [
    mean > 3 && 'Consider increasing test iterations for more stable results',
    max > 8 && 'Check if score value distribution is too extreme',
    successRate < 95 && 'Check system for concurrency or other abnormal issues',
    standard > 2 && 'Large deviation fluctuation, recommend checking algorithm stability',
  ].filter((advice) => advice !== false);
  return {
    quality_grade: grade.name,
    quality_score: roundTo(grade.score(mean), 2),
    is_acceptable: grade.isAcceptable,
    recommendations,
    summary: `Mean deviation ${inText(mean)}%, max deviation ${inText(max)}%, quality grade: ${grade.name}`,
  };
}
