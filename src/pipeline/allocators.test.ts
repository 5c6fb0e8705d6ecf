import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aModel, aNode } from './__fixtures__/fleets.ts';
import type { AllocationConstraints, AllocationOutcome, LayerAllocator } from './allocator.ts';
import { layerCapacity } from './capacity.ts';
import { DynamicProgrammingLayerAllocator } from './dynamic-allocator.ts';
import { FILLS, type FillName } from './fills.ts';
import { GreedyLayerAllocator } from './greedy-allocator.ts';
import type { PipelineNode } from './node.ts';

const MODEL = aModel();
const GREEDY = new GreedyLayerAllocator();
const DYNAMIC = new DynamicProgrammingLayerAllocator();

/** Nodes a, b, … that hold so many GiB of weights. */
const fleet = (...weightsGb: readonly number[]) =>
  weightsGb.map((weightGb, index) => aNode(String.fromCharCode(97 + index), weightGb));

function shown(outcome: AllocationOutcome): readonly string[] {
  if (!outcome.ok) return [outcome.error.message];
  return outcome.plan.pipelines.map(({ stages }) =>
    stages.map(({ nodeId, startLayer, endLayer }) => `${nodeId} ${startLayer}-${endLayer}`).join(', '),
  );
}

const planned = (
  allocator: LayerAllocator,
  nodes: readonly PipelineNode[],
  constraints?: AllocationConstraints,
) => shown(allocator.allocate(MODEL, nodes, constraints));

describe('the greedy allocator', () => {
  it('makes one pipeline after the other of the largest nodes', () => {
    expect(planned(GREEDY, fleet(7, 7, 7, 7))).toEqual(['a 0-6, b 6-12', 'c 0-6, d 6-12']);
  });

  it('looks ahead for a node that holds the model alone, when the others are enough for another pipeline', () => {
    const nodes = fleet(20, 13, 7, 7);
    expect(planned(GREEDY, nodes)).toEqual(['b 0-12', 'a 0-12', 'c 0-6, d 6-12']);
    expect(planned(new GreedyLayerAllocator({ lookAhead: false }), nodes)).toEqual([
      'a 0-12',
      'b 0-12',
      'c 0-6, d 6-12',
    ]);
  });

  it('says what it made of the nodes', () => {
    const outcome = GREEDY.allocate(MODEL, fleet(7, 7, 7));
    expect(outcome).toMatchObject({ ok: true, objective: 1 / 2, plan: { unusedNodeIds: ['c'] } });
  });

  it('fills one node after the other when told to', () => {
    expect(planned(new GreedyLayerAllocator({ fill: 'greedy' }), fleet(9, 9))).toEqual(['a 0-8, b 8-12']);
  });
});

describe('the dynamic-programming allocator', () => {
  it('groups nodes so that none is wasted: greedily, two large ones would go together', () => {
    const nodes = fleet(8.5, 8.5, 4.5, 4.5);
    expect(planned(GREEDY, nodes)).toEqual(['a 0-6, b 6-12']);
    expect(planned(DYNAMIC, nodes)).toEqual(['a 0-8, c 8-12', 'b 0-8, d 8-12']);
  });

  it('makes fewer pipelines where more would take too many nodes', () => {
    const outcome = DYNAMIC.allocate(MODEL, fleet(12.5, 3, 3, 3, 3, 3));
    expect(outcome).toMatchObject({ ok: true, objective: 1 });
  });

  it('says so when the search grows too large', () => {
    const impatient = new DynamicProgrammingLayerAllocator({ maxStates: 20 });
    const outcome = impatient.allocate(MODEL, fleet(9.1, 8.2, 7.3, 6.4, 5.5, 4.6, 3.7));
    expect(outcome).toMatchObject({ ok: false, error: { kind: 'too_complex' } });
    expect(shown(outcome)[0]).toMatch(/More than 20 states .* for 7 nodes/);
  });

  it('refuses a limit that is none', () => {
    expect(() => new DynamicProgrammingLayerAllocator({ maxStates: 0 })).toThrow('maxStates is 0');
  });
});

describe.each([GREEDY, DYNAMIC])('whichever allocator: $name', (allocator) => {
  it('charges both ends to a node alone', () => {
    expect(planned(allocator, fleet(12.5))).toEqual(['a 0-12']);
    expect(allocator.allocate(MODEL, fleet(12.25)).ok).toBe(false);
  });

  it('passes over nodes that hold nothing', () => {
    expect(planned(allocator, fleet(0.5, 7, 7))).toEqual(['b 0-6, c 6-12']);
  });

  it('takes equal nodes by their numbers', () => {
    const nodes = ['n10', 'n9', 'n2', 'n1'].map((id) => aNode(id, 7));
    expect(planned(allocator, nodes)).toEqual(['n1 0-6, n2 6-12', 'n9 0-6, n10 6-12']);
  });

  it('plans with unequal layers so that any of them fit', () => {
    const layerMemoryBytes = [2, 1, 1, 1, 1, 2].map((gib) => gib * 2 ** 30);
    const model = aModel({ numLayers: 6, layerMemoryBytes });
    expect(shown(allocator.allocate(model, fleet(4.5, 4.5)))).toEqual(['a 0-3, b 3-6']);
  });

  it.each<[string, readonly number[], object]>([
    ['no nodes', [], { kind: 'no_nodes', message: 'There are no nodes.' }],
    [
      'a model that fits nowhere',
      [5, 5],
      {
        kind: 'model_too_large',
        missingGb: 2.5,
        message:
          'round needs 12.50 GB for its weights, and the nodes have too little room: 2.50 GB are missing.',
      },
    ],
    [
      'rooms too small for whole layers',
      [1.9, 1.9, 1.9, 1.9, 1.9, 1.9, 1.9],
      { kind: 'model_too_large', missingGb: 5 },
    ],
    ['no room for an end', [12, 0.6], { kind: 'no_pipeline' }],
  ])('says what is wrong: %s', (_name, weightsGb, error) => {
    expect(allocator.allocate(MODEL, fleet(...weightsGb))).toMatchObject({ ok: false, error });
  });

  it('refuses two nodes of a name', () => {
    const outcome = allocator.allocate(MODEL, [...fleet(7, 7), aNode('a', 7)]);
    expect(outcome).toMatchObject({ ok: false, error: { kind: 'duplicate_node', nodeId: 'a' } });
  });
});

describe('constraints', () => {
  const nodes = fleet(7, 7, 7, 7);

  it('avoid a node', () => {
    expect(planned(GREEDY, nodes, { avoid: new Set(['a']) })).toEqual(['b 0-6, c 6-12']);
  });

  it('leave nodes by hand the layers that they have, and plan with the others', () => {
    const manual = new Map([
      ['b', { start: 7, end: 12 }],
      ['a', { start: 0, end: 6 }],
      ['d', { start: 6, end: 7 }],
    ]);
    expect(planned(GREEDY, [...nodes, aNode('e', 20)], { manual })).toEqual([
      'a 0-6, d 6-7, b 7-12',
      'e 0-12',
    ]);
  });

  it('keep sites apart', () => {
    const at = (site: string) => (id: string) => aNode(id, 7, { labels: { site } });
    const both = [...['a', 'b'].map(at('east')), ...['c', 'd'].map(at('west')), aNode('e', 7)];
    const mixed = [both[0]!, both[2]!, both[4]!];
    expect(planned(GREEDY, both.toReversed(), { keepApartBy: ['site'] })).toEqual([
      'a 0-6, b 6-12',
      'c 0-6, d 6-12',
    ]);
    expect(planned(GREEDY, mixed, { keepApartBy: ['site'] })[0]).toMatch(
      /no group of nodes that belong together has enough room: 5.50 GB are missing/,
    );
  });

  it.each<[string, AllocationConstraints, object]>([
    ['a pinned node without a use', { pinned: new Set(['e']) }, { kind: 'constraint_violated', nodeId: 'e' }],
    ['a name that no node has', { avoid: new Set(['x']) }, { kind: 'unknown_node', nodeId: 'x' }],
    [
      'a node to be used and avoided',
      { avoid: new Set(['a']), pinned: new Set(['a']) },
      { kind: 'constraint_violated', nodeId: 'a' },
    ],
    [
      'a range beyond the model',
      { manual: new Map([['a', { start: 8, end: 13 }]]) },
      { message: 'Node a is to hold [8, 13) of layers 0 to 12.' },
    ],
    [
      'a range without room',
      { manual: new Map([['a', { start: 0, end: 8 }]]) },
      { message: 'Node a has no room for the layers [0, 8): 1.25 GB are missing.' },
    ],
    [
      'a range that leads nowhere',
      { manual: new Map([['a', { start: 0, end: 6 }]]) },
      { message: 'Node a holds [0, 6) by hand, and no other such nodes make that a whole pipeline.' },
    ],
  ])('are refused where they cannot be kept: %s', (_name, constraints, error) => {
    expect(GREEDY.allocate(MODEL, [...nodes, aNode('e', 7)], constraints)).toMatchObject({
      ok: false,
      error,
    });
  });
});

describe('any fleet', () => {
  const nodesOf = fc
    .array(
      fc.record({
        gib: fc.double({ min: 0.2, max: 16, noNaN: true }),
        tflopsFp16: fc.integer({ min: 1, max: 900 }),
      }),
      {
        minLength: 1,
        maxLength: 8,
      },
    )
    .map((all) =>
      all.map(({ gib, tflopsFp16 }, index) => aNode(`n${index}`, gib, { hardware: { tflopsFp16 } })),
    );
  const allocators = (Object.keys(FILLS) as FillName[]).flatMap((fill) => [
    new GreedyLayerAllocator({ fill }),
    new GreedyLayerAllocator({ fill, lookAhead: false }),
    new DynamicProgrammingLayerAllocator({ fill }),
  ]);

  it('gets pipelines that hold each layer once, each stage with room for it and its ends, no node twice', () => {
    fc.assert(
      fc.property(nodesOf, (nodes) => {
        for (const allocator of allocators)
          expect(faultsOf(allocator.allocate(MODEL, nodes), nodes)).toEqual([]);
      }),
    );
  });

  it('gets the same plan in any order', () => {
    fc.assert(
      fc.property(nodesOf, fc.infiniteStream(fc.nat()), (nodes, draws) => {
        const shuffled = nodes
          .map((node) => ({ node, at: draws.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ node }) => node);
        for (const allocator of allocators) {
          expect(planned(allocator, shuffled)).toEqual(planned(allocator, nodes));
        }
      }),
    );
  });
});

function faultsOf(outcome: AllocationOutcome, nodes: readonly PipelineNode[]): readonly string[] {
  if (!outcome.ok) return [];
  const faults: string[] = [];
  const used = outcome.plan.pipelines.flatMap(({ stages }) => stages.map(({ nodeId }) => nodeId));
  if (new Set(used).size !== used.length) faults.push('a node is used twice');
  for (const { stages } of outcome.plan.pipelines) {
    const bounds = stages.flatMap(({ startLayer, endLayer }) => [startLayer, endLayer]);
    const joints = stages.slice(1).map(({ startLayer }, index) => startLayer === stages[index]!.endLayer);
    if (bounds[0] !== 0 || bounds.at(-1) !== MODEL.numLayers || joints.includes(false))
      faults.push(bounds.join());
    for (const { nodeId, startLayer, endLayer } of stages) {
      const node = nodes.find(({ id }) => id === nodeId)!;
      const ends = { embedding: startLayer === 0, lmHead: endLayer === MODEL.numLayers };
      const count = endLayer - startLayer;
      if (count < 1 || count > layerCapacity(node, MODEL, ends)) faults.push(`${nodeId} holds ${count}`);
    }
  }
  return faults;
}
