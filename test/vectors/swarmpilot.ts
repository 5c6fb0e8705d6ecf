/** Runs the records of SwarmPilot: a table of what checks each kind; kinds that nothing here is built for yet are skipped by name. */

import type { VectorOutcome, VectorSuite } from './runner.ts';
import { checkMoments, checkSummary } from './swarmpilot-runners/distributions.ts';
import { checkLookup, checkLookupStatistics } from './swarmpilot-runners/lookup.ts';
import { checkPredictorService, checkServiceRequest } from './swarmpilot-runners/predictor-service.ts';
import type { Check, SwarmPilotRecord } from './swarmpilot-runners/verdict.ts';

/** One more kind is one more line. */
const CHECKS: Readonly<Record<string, Check>> = {
  'gq.distribution_summary': checkSummary,
  'gq.lookup.predict': checkLookup,
  'gq.lookup.stats': checkLookupStatistics,
  'gq.predictor_api': checkPredictorService,
  'gq.predictor_client.moments': checkMoments,
  'gq.predictor_client.request': checkServiceRequest,
};

/** Kinds that are left out on purpose, and why. */
const LEFT_OUT: Readonly<Record<string, string>> = {
  'gq.predictor_client.fake_data': 'its folder of invented data, by which it is tried without a service',
};

export const SWARMPILOT: VectorSuite = { file: 'swarmpilot.jsonl', run };

export async function run(lines: readonly string[]): Promise<VectorOutcome> {
  let passed = 0;
  const failed: { id: string; why: string }[] = [];
  const skipped: { id: string; reason: string }[] = [];
  for (const line of lines) {
    const record = JSON.parse(line) as SwarmPilotRecord;
    const { id, kind } = record;
    const check = CHECKS[kind];
    if (check === undefined) {
      skipped.push({ id, reason: LEFT_OUT[kind] ?? `not built yet: ${kind}` });
      continue;
    }
    const verdict = await check(record);
    if ('skip' in verdict) skipped.push({ id, reason: verdict.skip });
    else if (verdict.differences.length > 0) failed.push({ id, why: verdict.differences.join('; ') });
    else passed++;
  }
  return { passed, failed, skipped };
}
