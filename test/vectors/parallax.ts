/** Runs the recorded fleets of Parallax: each section by its check. */

import { checkFilling } from './parallax-runners/filling.ts';
import { checkJoinLeave } from './parallax-runners/join-leave.ts';
import { checkNodeFigures } from './parallax-runners/node-figures.ts';
import { checkPlans } from './parallax-runners/planning.ts';
import { type Check, Comparison, type Findings, type FleetRecord } from './parallax-runners/record.ts';
import { checkModel, checkNodes } from './parallax-runners/sizes.ts';
import type { VectorOutcome, VectorSuite } from './runner.ts';

/** One more section is one more line. */
const CHECKS: Readonly<Record<string, Check>> = {
  model: checkModel,
  nodes: checkNodes,
  filling: checkFilling,
  plans: checkPlans,
  'node figures': checkNodeFigures,
  'join and leave': checkJoinLeave,
};

const KINDS: ReadonlySet<string> = new Set(['hand', 'random', 'large']);

export const PARALLAX: VectorSuite = {
  file: 'parallax.jsonl',
  handles: (kind) => KINDS.has(kind),
  run,
};

/** A record in which a fault shows is skipped by the fault's number, once everything else of it agrees. */
export function run(lines: readonly string[]): VectorOutcome {
  let passed = 0;
  const failed: { id: string; why: string }[] = [];
  const skipped: { id: string; reason: string }[] = [];
  for (const line of lines) {
    const record = JSON.parse(line) as FleetRecord;
    const { id } = record;
    const findings = Object.entries(CHECKS).map(([name, check]) => findingsOf(name, check, record));
    const differences = findings.flatMap((each) => each.differences);
    const faults = findings.flatMap((each) => each.faults);
    if (differences.length > 0) failed.push({ id, why: differences.join('; ') });
    else if (faults.length > 0) skipped.push({ id, reason: `${faults.join(', ')}; all else agrees` });
    else passed++;
  }
  return { passed, failed, skipped };
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
