/** Runs the recorded fleets of Parallax: each section by its check. */

import { checkAllocators } from './parallax-runners/allocators.ts';
import { checkFilling } from './parallax-runners/filling.ts';
import { checkJoinLeave } from './parallax-runners/join-leave.ts';
import { checkNodeFigures } from './parallax-runners/node-figures.ts';
import { checkPlans } from './parallax-runners/planning.ts';
import {
  type Check,
  Comparison,
  type Findings,
  type FleetRecord,
  nodesOf,
} from './parallax-runners/record.ts';
import { checkRoutes } from './parallax-runners/routes.ts';
import { checkModel, checkNodes } from './parallax-runners/sizes.ts';
import type { VectorOutcome, VectorSuite } from './runner.ts';

/** What needs figures of models and nodes only. One more section is one more line. */
const ON_FIGURES: Readonly<Record<string, Check>> = {
  model: checkModel,
  nodes: checkNodes,
  filling: checkFilling,
};

/** What needs nodes that we accept. */
const ON_FLEETS: Readonly<Record<string, Check>> = {
  plans: checkPlans,
  'node figures': checkNodeFigures,
  'join and leave': checkJoinLeave,
  routes: checkRoutes,
  allocators: checkAllocators,
};

const KINDS: ReadonlySet<string> = new Set(['hand', 'random', 'large']);

/** A suite for one more kind of record stands before this one in `suites.ts`. */
export const PARALLAX: VectorSuite = { file: 'parallax.jsonl', run };

/** A record in which a fault shows is skipped by the fault's number, once everything else of it agrees. */
export function run(lines: readonly string[]): VectorOutcome {
  let passed = 0;
  const failed: { id: string; why: string }[] = [];
  const skipped: { id: string; reason: string }[] = [];
  for (const line of lines) {
    const record = JSON.parse(line) as FleetRecord;
    const { id, kind } = record;
    if (!KINDS.has(kind)) {
      skipped.push({ id, reason: `not built yet: ${kind}` });
      continue;
    }
    const refusal = refusalOf(record);
    const checks = refusal === undefined ? { ...ON_FIGURES, ...ON_FLEETS } : ON_FIGURES;
    const findings = Object.entries(checks).map(([name, check]) => findingsOf(name, check, record));
    const differences = findings.flatMap((each) => each.differences);
    const faults = [...findings.flatMap((each) => each.faults), ...(refusal === undefined ? [] : [refusal])];
    if (differences.length > 0) failed.push({ id, why: differences.join('; ') });
    else if (faults.length > 0) skipped.push({ id, reason: `${faults.join(', ')}; all else agrees` });
    else passed++;
  }
  return { passed, failed, skipped };
}

/** Why we refuse the record's nodes, if we do: by figures of 0 Parallax divides, or it takes them for unlimited. */
function refusalOf(record: FleetRecord): string | undefined {
  try {
    nodesOf(record);
    return undefined;
  } catch (error) {
    return `bad input (sections 2 and 4): ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** A section that breaks its check says nothing of the others. */
function findingsOf(name: string, check: Check, record: FleetRecord): Findings {
  try {
    return check(record);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const broken = new Comparison();
    broken.differences.push(`${name} broke: ${why}`);
    return broken;
  }
}
