/** Groups nodes into as many pipelines of as few nodes as Parallax' objective wants (arXiv 2509.26182): the largest k² / s*(k). */

import type { ModelInfo } from './model-info.ts';
import type { PipelineNode } from './node.ts';
import { inLine, type NodeGroup, type NodeInLine } from './node-line.ts';
import { pipelinesSquaredPerStage } from './plan.ts';

export interface DynamicPlan {
  /** In the order in which they are completed. */
  readonly groups: readonly NodeGroup[];
  readonly stages: number;
}

/** More states than `maxStates` would have had to be looked at. */
export interface TooManyStates {
  readonly tooManyStates: number;
}

/**
 * Nodes are taken or passed over one after the other, each to extend an open pipeline or to begin one; `s*(k)` is the least number of
 * nodes with which exactly k pipelines are completed. States grow exponentially with the number of unlike nodes.
 *
 * @param nodes in the order in which they are taken: of a group, the first holds the embedding and the last the LM head
 */
export function dynamicGroups(
  model: ModelInfo,
  nodes: readonly PipelineNode[],
  maxStates: number,
): DynamicPlan | TooManyStates {
  const line = inLine(model, nodes);
  const capacity = line.reduce((sum, { plain }) => sum + plain, 0);
  const most = Math.min(nodes.length, Math.floor(capacity / model.numLayers));
  let best: DynamicPlan = { groups: [], stages: 0 };
  let statesLeft = maxStates;
  for (let pipelines = 1; pipelines <= most; pipelines++) {
    const bestSoFar = pipelinesSquaredPerStage(best.groups.length, best.stages);
    const fewest = fewestNodes(line, pipelines * model.numLayers);
    if (pipelinesSquaredPerStage(pipelines, fewest) <= bestSoFar) continue;
    const search = new GroupSearch(line, model.numLayers, pipelines, statesLeft);
    const stages = search.fewestStages();
    statesLeft -= search.states;
    if (statesLeft < 0) return { tooManyStates: maxStates };
    if (pipelinesSquaredPerStage(pipelines, stages) > bestSoFar) best = { groups: search.groups(), stages };
  }
  return best;
}

/** Without regard to ends and groups: how many of the largest nodes have room for so many layers. */
function fewestNodes(line: readonly NodeInLine[], layers: number): number {
  let rest = layers;
  let count = 0;
  for (const plain of line.map((each) => each.plain).sort((a, b) => b - a)) {
    if (rest <= 0) break;
    rest -= plain;
    count++;
  }
  return count;
}

/** What is done with a node: passed over, begins a pipeline, or extends the open pipeline at this index. */
type Action = 'pass' | 'begin' | number;

interface Step {
  readonly stages: number;
  readonly action: Action;
}

interface State {
  readonly index: number;
  /** Layers that each open pipeline still lacks, ascending. */
  readonly open: readonly number[];
  readonly finished: number;
}

const IMPOSSIBLE: Step = { stages: Number.POSITIVE_INFINITY, action: 'pass' };
const DONE: Step = { stages: 0, action: 'pass' };

class GroupSearch {
  readonly #line: readonly NodeInLine[];
  readonly #layers: number;
  readonly #pipelines: number;
  readonly #maxStates: number;
  readonly #capacityFrom: readonly number[];
  readonly #steps = new Map<string, Step>();

  constructor(line: readonly NodeInLine[], layers: number, pipelines: number, maxStates: number) {
    this.#line = line;
    this.#layers = layers;
    this.#pipelines = pipelines;
    this.#maxStates = maxStates;
    this.#capacityFrom = suffixSums(line.map(({ plain }) => plain));
  }

  get states(): number {
    return this.#steps.size;
  }

  fewestStages(): number {
    return this.#best({ index: 0, open: [], finished: 0 }).stages;
  }

  /** Follows the best actions from the start. */
  groups(): readonly NodeGroup[] {
    const finished: NodeGroup[] = [];
    let open: { readonly lacks: number; readonly nodes: readonly PipelineNode[] }[] = [];
    for (const [index, each] of this.#line.entries()) {
      const lacking = open.map(({ lacks }) => lacks);
      const { action } = this.#best({ index, open: lacking, finished: finished.length });
      if (action === 'pass') continue;
      const extended = action === 'begin' ? { lacks: this.#layers, nodes: [] } : open[action]!;
      const lacks = action === 'begin' ? begun(each, this.#layers) : afterExtending(each, extended.lacks);
      const nodes = [...extended.nodes, each.node];
      open = open.filter((other) => other !== extended);
      if (lacks <= 0) finished.push(nodes);
      else open = [...open, { lacks, nodes }].sort((a, b) => a.lacks - b.lacks);
    }
    return finished;
  }

  #best(state: State): Step {
    const { index, open, finished } = state;
    if (finished === this.#pipelines && open.length === 0) return DONE;
    if (index === this.#line.length || this.#isHopeless(state)) return IMPOSSIBLE;
    const key = `${index}:${finished}:${open.join()}`;
    const known = this.#steps.get(key);
    if (known !== undefined) return known;
    if (this.#steps.size > this.#maxStates) return IMPOSSIBLE;
    let best: Step = { stages: this.#best({ index: index + 1, open, finished }).stages, action: 'pass' };
    for (const [action, next] of this.#extensions(state)) {
      const stages = 1 + this.#best(next).stages;
      if (stages < best.stages) best = { stages, action };
    }
    this.#steps.set(key, best);
    return best;
  }

  /** Of pipelines that lack as many layers, extending any comes to the same. */
  *#extensions({ index, open, finished }: State): Generator<readonly [Action, State]> {
    const each = this.#line[index]!;
    for (const [at, lacking] of open.entries()) {
      if (open[at - 1] === lacking) continue;
      const others = open.toSpliced(at, 1);
      yield [at, stateAfter(index, others, finished, afterExtending(each, lacking))];
    }
    if (finished + open.length < this.#pipelines && each.embedding > 0) {
      yield ['begin', stateAfter(index, open, finished, begun(each, this.#layers))];
    }
  }

  #isHopeless({ index, open, finished }: State): boolean {
    const missing = this.#pipelines - finished - open.length;
    if (missing < 0 || missing > this.#line.length - index) return true;
    const lacking = open.reduce((sum, each) => sum + each, 0) + missing * this.#layers;
    return this.#capacityFrom[index]! < lacking;
  }
}

function stateAfter(index: number, others: readonly number[], finished: number, lacks: number): State {
  if (lacks <= 0) return { index: index + 1, open: others, finished: finished + 1 };
  return { index: index + 1, open: [...others, lacks].sort((a, b) => a - b), finished };
}

/** Whoever would take the last layer holds the LM head too, and may then no longer have room for it. */
function afterExtending({ plain, lmHead }: NodeInLine, lacking: number): number {
  return lacking - (plain >= lacking ? lmHead : plain);
}

function begun({ embedding, both }: NodeInLine, layers: number): number {
  return layers - (embedding >= layers ? both : embedding);
}

/** Of each place, the sum from there on; 0 behind the last. */
function suffixSums(values: readonly number[]): readonly number[] {
  const sums = [...values, 0];
  for (let index = values.length - 1; index >= 0; index--) sums[index]! += sums[index + 1]!;
  return sums;
}
