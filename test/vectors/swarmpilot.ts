/** Runs the records of SwarmPilot: a table of what checks each kind; kinds that nothing here is built for yet are skipped by name. */

import type { VectorOutcome, VectorSuite } from './runner.ts';
import { checkTranscript } from './swarmpilot-runners/api.ts';
import { closeStore } from './swarmpilot-runners/api-world.ts';
import { checkMoments, checkSummary } from './swarmpilot-runners/distributions.ts';
import { checkLookup, checkLookupStatistics } from './swarmpilot-runners/lookup.ts';
import { checkBadProblem, checkPlanner } from './swarmpilot-runners/planner.ts';
import { checkPredictorService, checkServiceRequest } from './swarmpilot-runners/predictor-service.ts';
import {
  checkBadTable,
  checkConvolution,
  checkDraws,
  checkSampledDifference,
  checkSampledSum,
  checkSums,
} from './swarmpilot-runners/queues.ts';
import {
  checkHistory,
  checkProbabilistic,
  checkRoundRobin,
  checkShortestQueue,
  checkWeighted,
  checkWeightedPath,
} from './swarmpilot-runners/selection.ts';
import {
  checkCounter,
  checkFactory,
  checkMinTime,
  checkPowerOfTwo,
  checkRandom,
  checkSharedDraws,
} from './swarmpilot-runners/successor.ts';
import { checkCleanUp, checkTracker } from './swarmpilot-runners/tracker.ts';
import type { Check, SwarmPilotRecord, Verdict } from './swarmpilot-runners/verdict.ts';

/** One more kind is one more line. */
const CHECKS: Readonly<Record<string, Check>> = {
  'gq.distribution_summary': checkSummary,
  'gq.lookup.predict': checkLookup,
  'gq.lookup.stats': checkLookupStatistics,
  'gq.predictor_api': checkPredictorService,
  'gq.predictor_client.moments': checkMoments,
  'gq.predictor_client.request': checkServiceRequest,
  'gq.shortest_queue.select': checkShortestQueue,
  'gq.shortest_queue.sequence': checkSums,
  'gq.round_robin.sequence': checkRoundRobin,
  'gq.weighted.select_from_candidates': checkWeighted,
  'gq.weighted.select_full_path': checkWeightedPath,
  'gq.probabilistic.select': checkProbabilistic,
  'gq.probabilistic.sequence': checkDraws,
  'gq.probabilistic_history.inverse_queue_size': checkHistory,
  'gq.probabilistic_history.inverse_expected': checkHistory,
  'gq.probabilistic_history.gaussian_shortest': checkHistory,
  'gq.quantile_prob.add': checkSampledSum,
  'gq.quantile_prob.sub': checkSampledDifference,
  'gq.quantile_convolution': checkConvolution,
  'gq.quantile_convolution.error': checkBadTable,
  'gq.task_tracker.cleanup': checkCleanUp,
  'gq.task_tracker.legacy': checkTracker,
  'gq.task_tracker.lockfree': checkTracker,
  'sp.min_time': checkMinTime,
  'sp.serverless': checkMinTime,
  'sp.po2': checkPowerOfTwo,
  'sp.random': checkRandom,
  'sp.round_robin': checkCounter,
  'sp.probabilistic': checkSharedDraws,
  'sp.factory': checkFactory,
  'sp.planner': checkPlanner,
  'sp.planner.error': checkBadProblem,
};

/** Kinds that are left out on purpose, and why. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'gq.predictor_client.fake_data': 'its folder of invented data, by which it is tried without a service',
};

export const SWARMPILOT: VectorSuite = { file: 'swarmpilot.jsonl', run };

export async function run(lines: readonly string[]): Promise<VectorOutcome> {
  try {
    return await runAll(lines);
  } finally {
    await closeStore();
  }
}

async function runAll(lines: readonly string[]): Promise<VectorOutcome> {
  let passed = 0;
  const failed: { id: string; why: string }[] = [];
  const skipped: { id: string; reason: string }[] = [];
  for (const line of lines) {
    const record = JSON.parse(line) as SwarmPilotRecord;
    const { id, kind } = record;
    const check = CHECKS[kind] ?? (kind.startsWith('gq.api.') ? checkTranscript : undefined);
    if (check === undefined) {
      skipped.push({ id, reason: LEFT_OUT[kind] ?? `not built yet: ${kind}` });
      continue;
    }
    const verdict = await verdictOf(check, record);
    if ('skip' in verdict) skipped.push({ id, reason: verdict.skip });
    else if (verdict.differences.length > 0) failed.push({ id, why: verdict.differences.join('; ') });
    else passed++;
  }
  return { passed, failed, skipped };
}

/** A record that breaks its check says nothing of the others. */
async function verdictOf(check: Check, record: SwarmPilotRecord): Promise<Verdict> {
  try {
    return await check(record);
  } catch (error) {
    return { differences: [`the check broke: ${error instanceof Error ? error.message : String(error)}`] };
  }
}
