/** Runs `f5-scores.jsonl`: modes, rounds, normalisers and the weighted choice. */

import { adaptiveDistribution } from '../../../src/routing/f5/adaptive-distribution.ts';
import {
  minMax,
  type Normaliser,
  preciseCache,
  preciseRunning,
  ratioOfTwo,
  smooth,
} from '../../../src/routing/f5/normalisers.ts';
import {
  chancesOf,
  chooseWeighted,
  type F5Metrics,
  type F5ModeSettings,
  isF5ModeName,
} from '../../../src/routing/index.ts';
import { poolStatus } from '../../../src/sideband/api/pool-status.ts';
import { Pool } from '../../../src/sideband/index.ts';
import { firstDifference, runAll, type VectorOutcome, type Verdict } from './outcome.ts';

/** `log2`, `exp` and `tanh` are not specified to the last bit. */
const TOLERANCE = 1e-12;

/** The modes that use none of these: sums, products and quotients only. */
const EXACT_MODES = new Set(['s1', 's1_adaptive', 's1_ratio', 's1_precise', 's1_nonlinear', 's1_balanced']);

interface Mode {
  readonly name: string;
  readonly w_a: number;
  readonly w_b: number;
  readonly w_g: number;
  readonly transition_point: number;
  readonly steepness: number;
}

type Pick = readonly [draw: number, member: string | null];

interface ScoreRecord {
  readonly id: string;
  readonly kind: 'score';
  readonly mode: Mode;
  readonly members: readonly { ip: string; port: number; metrics: F5Metrics; score: number }[];
  readonly error?: { readonly message: string };
  readonly expect: {
    readonly scores: readonly number[];
    readonly probability: Readonly<Record<string, number>> | null;
    readonly status_percent: readonly number[];
    readonly picks: readonly Pick[];
  };
}

interface RoundsRecord {
  readonly id: string;
  readonly kind: 'rounds';
  readonly mode: Mode;
  readonly rounds: readonly { metrics: readonly F5Metrics[]; scores: readonly number[] }[];
}

interface NormaliseRecord {
  readonly id: string;
  readonly kind: 'normalise';
  readonly values: readonly number[];
  readonly expect: Readonly<Record<string, readonly number[]>>;
}

interface SelectRecord {
  readonly id: string;
  readonly kind: 'select';
  readonly scores: readonly number[];
  readonly expect: { readonly picks: readonly Pick[]; readonly probability: Record<string, number> | null };
}

type ScoresRecord = ScoreRecord | RoundsRecord | NormaliseRecord | SelectRecord;

export function runScores(lines: readonly string[]): Promise<VectorOutcome> {
  return runAll<ScoresRecord>(lines, (record) => {
    if (record.kind === 'score') return judgeScore(record);
    if (record.kind === 'rounds') return judgeRounds(record);
    return record.kind === 'normalise' ? judgeNormalisers(record) : judgeSelect(record);
  });
}

function judgeScore({ mode, members, error, expect }: ScoreRecord): Verdict {
  const settings = settingsOf(mode);
  const pool = aPool(members);
  for (const { ip, port, score } of members) pool.find(`${ip}:${port}`)!.score = score;
  const problem = scoreRound(
    pool,
    settings,
    members.map(({ metrics }) => metrics),
  );
  if ((problem === undefined) !== (error === undefined)) {
    return { why: `found ${problem ?? 'no error'}, expected ${error?.message ?? 'none'}` };
  }
  // A score that is kept is chosen on only by those who ask for it: fault 2.
  const names = pool.members.map(({ name }) => name);
  const scores = pool.members.map(({ score }) => score);
  const status = poolStatus(pool, 0, { staleAfterMs: 0, keepLastScore: true });
  return (
    wrong(firstDifference(scores, expect.scores, EXACT_MODES.has(mode.name) ? 0 : TOLERANCE)) ??
    wrong(probabilityDifference(names, scores, expect.probability)) ??
    wrong(
      firstDifference(
        status.members.map(({ percent }) => percent),
        expect.status_percent,
      ),
    ) ??
    wrong(pickDifference(names, scores, expect.picks))
  );
}

function judgeRounds({ mode, rounds }: RoundsRecord): Verdict {
  const pool = aPool(rounds[0]!.metrics.map((_, i) => ({ ip: `10.0.0.${i + 1}`, port: 8001 + i })));
  for (const [round, { metrics, scores }] of rounds.entries()) {
    scoreRound(pool, settingsOf(mode), metrics);
    const found = pool.members.map(({ score }) => score);
    const difference = firstDifference(found, scores, TOLERANCE);
    if (difference !== undefined) return { why: `round ${round + 1}: ${difference}` };
  }
  return undefined;
}

const NORMALISERS: Readonly<Record<string, Normaliser>> = {
  min_max: minMax,
  precise_cache: preciseCache,
  precise_running: preciseRunning,
  ratio_based: ratioOfTwo,
  smooth,
  'adaptive_distribution:waiting_queue': adaptiveDistribution('waiting'),
  'adaptive_distribution:cache_usage': adaptiveDistribution('cache'),
  'adaptive_distribution:running_req': adaptiveDistribution('general'),
};

/** Records also hold normalisers that no mode uses; those are not ours to have. */
function judgeNormalisers({ values, expect }: NormaliseRecord): Verdict {
  for (const [name, normalise] of Object.entries(NORMALISERS)) {
    const expected = expect[name];
    if (expected === undefined) continue;
    const difference = firstDifference([...normalise(values)], expected, TOLERANCE);
    if (difference !== undefined) return { why: `${name}: ${difference}` };
  }
  return undefined;
}

function judgeSelect({ scores, expect }: SelectRecord): Verdict {
  const names = scores.map((_, i) => `10.0.0.${i + 1}:80`);
  return (
    wrong(probabilityDifference(names, scores, expect.probability)) ??
    wrong(pickDifference(names, scores, expect.picks))
  );
}

/** Gives the members these figures and scores them; what went wrong, in words. */
function scoreRound(
  pool: Pool,
  mode: F5ModeSettings | undefined,
  metrics: readonly F5Metrics[],
): string | undefined {
  if (mode === undefined) return 'there is no such mode';
  for (const [i, member] of pool.members.entries()) {
    pool.record(member, { type: 'metrics', metrics: metrics[i]!, memory: member.memory }, 0);
  }
  try {
    pool.rescore(mode, 0);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

function aPool(members: readonly { readonly ip: string; readonly port: number }[]): Pool {
  const pool = new Pool({ name: 'p', partition: 'Common', engine: 'vllm', isFallback: false });
  pool.setMembers(members, 0);
  return pool;
}

function settingsOf(mode: Mode): F5ModeSettings | undefined {
  if (!isF5ModeName(mode.name)) return undefined;
  return {
    name: mode.name,
    waitingWeight: mode.w_a,
    cacheWeight: mode.w_b,
    runningWeight: mode.w_g,
    transitionPoint: mode.transition_point,
    steepness: mode.steepness,
  };
}

function pickDifference(
  names: readonly string[],
  scores: readonly number[],
  picks: readonly Pick[],
): string | undefined {
  for (const [draw, expected] of picks) {
    const place = chooseWeighted(scores, draw);
    const found = place === undefined ? null : names[place]!;
    if (found !== expected) return `draw ${draw}: found ${found}, expected ${expected}`;
  }
  return undefined;
}

function probabilityDifference(
  names: readonly string[],
  scores: readonly number[],
  expected: Readonly<Record<string, number>> | null,
): string | undefined {
  if (expected === null)
    return scores.some((score) => score > 0) ? 'expected that none is chosen' : undefined;
  const chances = chancesOf(scores);
  const found = Object.fromEntries(names.map((name, i) => [name, chances[i]!]));
  return firstDifference(found, expected, TOLERANCE);
}

function wrong(why: string | undefined): Verdict {
  return why === undefined ? undefined : { why };
}
