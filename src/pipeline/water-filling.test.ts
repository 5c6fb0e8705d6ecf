import { describe, expect, it } from 'vitest';
import { aModel, aNode } from './__fixtures__/fleets.ts';
import { greedyFill } from './greedy-fill.ts';
import type { PipelineNode } from './node.ts';
import { type FillOutcome, waterFill } from './water-filling.ts';

const strong = (id: string, weightGb: number, tflopsFp16: number) =>
  aNode(id, weightGb, { hardware: { tflopsFp16 } });

function shown(outcome: FillOutcome): string {
  if (!outcome.ok) return outcome.reason;
  return outcome.stages.map((stage) => `${stage.nodeId} [${stage.startLayer}, ${stage.endLayer})`).join(' ');
}

const fill = (...nodes: readonly PipelineNode[]) => shown(waterFill(aModel(), nodes));

describe('water filling', () => {
  it('gives each node layers by its strength', () => {
    expect(fill(strong('a', 20, 200), strong('b', 20, 100))).toBe('a [0, 8) b [8, 12)');
  });

  it('gives no node more than it holds, and the rest to the others', () => {
    expect(fill(strong('a', 4.25, 900), strong('b', 20, 100))).toBe('a [0, 4) b [4, 12)');
  });

  it('gives a layer that cannot be split to the largest remainder, the earlier of equal ones', () => {
    const nodes = ['a', 'b', 'c', 'd', 'e'].map((id) => strong(id, 20, 100));
    expect(fill(...nodes)).toBe('a [0, 3) b [3, 6) c [6, 8) d [8, 10) e [10, 12)');
  });

  it('goes by bandwidth when told to', () => {
    const slow = aNode('a', 20, { hardware: { memoryBandwidthGBps: 500 } });
    expect(shown(waterFill(aModel(), [slow, aNode('b', 20)], { power: 'bandwidth' }))).toBe(
      'a [0, 4) b [4, 12)',
    );
  });

  it('leaves out a node for which no layer is left', () => {
    expect(fill(strong('a', 20, 1000), strong('b', 20, 1000), strong('c', 20, 1))).toBe('a [0, 6) b [6, 12)');
  });

  it('finds the level for strengths of any ratio', () => {
    expect(fill(strong('a', 20, 1e-9), strong('b', 11.5, 1e9))).toBe('a [0, 1) b [1, 12)');
    expect(fill(strong('a', 9.25, 1e-9), strong('b', 2, 1e9), strong('c', 2.25, 1e9))).toBe(
      'a [0, 8) b [8, 10) c [10, 12)',
    );
  });
});

describe('the ends of the model', () => {
  it('are both charged to a node alone', () => {
    expect(fill(aNode('a', 12.5))).toBe('a [0, 12)');
    expect(fill(aNode('a', 12.25))).toBe('Total capacity 11 is less than total layers 12');
  });

  it('stay with the nodes that have room for them: a weak last node takes one layer rather than none', () => {
    const first = strong('a', 6.25, 1000);
    const middle = strong('b', 6, 1000);
    expect(fill(first, middle, strong('c', 20, 1))).toBe('a [0, 6) b [6, 11) c [11, 12)');
  });
});

describe('where water filling cannot be done it says why', () => {
  it('too little room', () => {
    expect(fill(aNode('a', 5), aNode('b', 5))).toBe('Total capacity 8 is less than total layers 12');
  });

  it('a node without room for its end', () => {
    expect(fill(aNode('a', 20), aNode('b', 1.1))).toBe('Node b has non-positive capacity: 0');
  });

  it('too few halvings for the level', () => {
    const outcome = waterFill(aModel(), [strong('a', 20, 1), strong('b', 20, 100)], { maxIterations: 0 });
    expect(shown(outcome)).toBe('Remaining -26 is negative');
  });

  it('one layer and two ends that no node has room for together', () => {
    const nodes = [aNode('a', 1.25), aNode('b', 1.25)];
    expect(shown(waterFill(aModel({ numLayers: 1 }), nodes))).toBe(
      'One layer cannot be split between 2 nodes',
    );
  });
});

describe('greedy fill', () => {
  const fillUp = (...nodes: readonly PipelineNode[]) => shown(greedyFill(aModel(), nodes));

  it('fills each node before the next one', () => {
    expect(fillUp(aNode('a', 5), aNode('b', 5), aNode('c', 5))).toBe('a [0, 4) b [4, 9) c [9, 12)');
  });

  it('charges the LM head to who takes the last layer', () => {
    expect(fillUp(aNode('a', 7.25), aNode('b', 5.25))).toBe('a [0, 7) b [7, 12)');
    expect(fillUp(aNode('a', 7.25), aNode('b', 5))).toBe(
      'Greedy assignment did not cover all layers: remaining 1',
    );
    expect(fillUp(aNode('a', 12.25), aNode('b', 5))).toBe('a [0, 11) b [11, 12)');
  });

  it('leaves out who comes too late, and who holds nothing', () => {
    expect(fillUp(aNode('z', 0.5), aNode('a', 12.5), aNode('b', 5))).toBe('a [0, 12)');
  });
});
