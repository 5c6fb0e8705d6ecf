/** Fills as the records tell of them: ranges by node, or the message of an error. */

import type { FillOutcome } from '../../../src/pipeline/index.ts';
import type { RecordedRanges } from './record.ts';

export function rangesOf(outcome: FillOutcome, nodeIds: readonly string[]): RecordedRanges {
  const ranges: Record<string, readonly [number, number] | null> = {};
  for (const id of nodeIds) ranges[id] = null;
  if (!outcome.ok) return ranges;
  for (const { nodeId, startLayer, endLayer } of outcome.stages) ranges[nodeId] = [startLayer, endLayer];
  return ranges;
}
