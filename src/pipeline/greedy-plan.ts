/** Groups nodes into pipelines one after the other, each of the next nodes in line. */

import type { ModelInfo } from './model-info.ts';
import type { PipelineNode } from './node.ts';
import { inLine, type NodeGroup, type NodeInLine } from './node-line.ts';

export interface GreedyPlanOptions {
  /** Whether a node that holds the model alone is looked for farther back in line. */
  readonly lookAhead?: boolean;
}

/** @param nodes in the order in which they are taken */
export function greedyGroups(
  model: ModelInfo,
  nodes: readonly PipelineNode[],
  { lookAhead = true }: GreedyPlanOptions = {},
): readonly NodeGroup[] {
  const groups: NodeGroup[] = [];
  let line = inLine(model, nodes);
  while (plainCapacity(line) >= model.numLayers) {
    const group = takeGroup(line, model.numLayers, lookAhead);
    if (group === undefined) break;
    groups.push(group.map(({ node }) => node));
    line = line.filter((each) => !group.includes(each));
  }
  return groups;
}

function takeGroup(
  line: readonly NodeInLine[],
  layers: number,
  lookAhead: boolean,
): readonly NodeInLine[] | undefined {
  const loner = lookAhead ? findLoner(line, layers) : undefined;
  const waiting = loner === undefined ? line : [loner, ...line.filter((each) => each !== loner)];
  const group: NodeInLine[] = [];
  let rest = layers;
  for (const each of waiting) {
    const isFirst = group.length === 0;
    const room = isFirst ? each.embedding : each.plain;
    if (room <= 0) continue;
    // Whoever would take the last layer holds the LM head too, and may then no longer have room for it.
    const isLast = room >= rest;
    const roomAsLast = isFirst ? each.both : each.lmHead;
    rest -= isLast ? roomAsLast : room;
    group.push(each);
    if (rest <= 0) return group;
  }
  return undefined;
}

/** The last in line that holds the whole model, when the others are enough for one more pipeline. */
function findLoner(line: readonly NodeInLine[], layers: number): NodeInLine | undefined {
  const capacity = plainCapacity(line);
  if (capacity - layers < layers + 1) return undefined;
  return line.findLast(({ lmHead }) => lmHead >= layers && capacity - lmHead >= layers);
}

function plainCapacity(line: readonly NodeInLine[]): number {
  return line.reduce((sum, { plain }) => sum + plain, 0);
}
