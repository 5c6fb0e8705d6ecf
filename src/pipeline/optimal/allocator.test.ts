import { describe, expect, it } from 'vitest';
import type { AllocationConstraints, AllocationSuccess } from '../allocator.ts';
import type { ModelInfo } from '../model-info.ts';
import type { PipelineNode } from '../node.ts';
import { aModel, aNode, faultsOf } from './__fixtures__/fleets.ts';
import { optimalAllocator } from './allocator.ts';
import { stepBudget } from './budget.ts';
import { pipelineFigures } from './objective.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

const MODEL = aModel(12);
const FOUR_HALVES = ['a', 'b', 'c', 'd'].map((id) => aNode(id, { holds: 7 }));

function plan(nodes: readonly PipelineNode[], constraints?: AllocationConstraints, model: ModelInfo = MODEL) {
  const outcome = optimalAllocator().allocate(model, nodes, constraints);
  if (!outcome.ok) throw new Error(outcome.error.message);
  expect(faultsOf(model, nodes, outcome.plan)).toEqual([]);
  return outcome;
}

function fault(nodes: readonly PipelineNode[], constraints?: AllocationConstraints, model = MODEL) {
  const outcome = optimalAllocator().allocate(model, nodes, constraints);
  return outcome.ok ? undefined : outcome.error;
}

function shape({ plan: { pipelines } }: AllocationSuccess): readonly string[] {
  return pipelines
    .map(({ stages }) =>
      stages.map(({ nodeId, startLayer, endLayer }) => `${nodeId}[${startLayer},${endLayer})`).join(' '),
    )
    .sort();
}

describe('optimal', () => {
  it('makes two pipelines of four halves, and proves that there is no better plan', () => {
    const outcome = plan(FOUR_HALVES);
    expect(outcome).toMatchObject({ objective: 1, upperBound: 1, isOptimal: true });
    expect(outcome.plan.pipelines).toHaveLength(2);
  });

  it('gives a node twice as fast twice the layers', () => {
    const nodes = [
      aNode('slow', { holds: 11, bandwidth: 500 }),
      aNode('fast', { holds: 11, bandwidth: 1000 }),
    ];
    const [pipeline] = plan(nodes, undefined, aModel(12, {}, 0.01)).plan.pipelines;
    const layers = new Map(
      pipeline!.stages.map(({ nodeId, startLayer, endLayer }) => [nodeId, endLayer - startLayer]),
    );
    expect(layers).toEqual(
      new Map([
        ['slow', 4],
        ['fast', 8],
      ]),
    );
  });

  it('takes layers back from the node with the least cache, where that costs no time', () => {
    const nodes = [
      aNode('tight', { holds: 8 }, { kvCacheMemoryShare: 0.01 }),
      aNode('roomy', { holds: 8, bandwidth: 2000 }, { kvCacheMemoryShare: 0.4 }),
      aNode('other', { holds: 8, bandwidth: 900 }, { kvCacheMemoryShare: 0.01 }),
    ];
    const model = aModel(20, {}, 0.01);
    const outcome = plan(nodes, undefined, model);
    const { slowestMs, stages } = pipelineFigures(model, nodes, outcome.plan.pipelines, DEFAULT_SETTINGS)[0]!;
    expect(stages.every(({ ms }) => ms <= slowestMs)).toBe(true);
    expect(stages.find(({ nodeId }) => nodeId === 'roomy')!.cacheTokens).toBeGreaterThan(0);
  });

  it('keeps room in every cache for as many tokens as are asked for', () => {
    const nodes = [aNode('a', { holds: 20 }, { kvCacheMemoryShare: 0.001 }), aNode('b', { holds: 20 })];
    const minCacheTokens = 4096;
    const outcome = optimalAllocator({ minCacheTokens }).allocate(MODEL, nodes) as AllocationSuccess;
    const figures = pipelineFigures(MODEL, nodes, outcome.plan.pipelines, DEFAULT_SETTINGS);
    expect(figures.every(({ cacheTokens }) => cacheTokens >= minCacheTokens)).toBe(true);
    expect(plan(nodes).plan.pipelines).toHaveLength(2);
    expect(outcome.plan.pipelines).toHaveLength(1);
  });

  it('puts neighbours beside each other', () => {
    const links: Record<string, Record<string, number>> = { a: { b: 90, c: 5 }, b: { c: 5 } };
    const nodes = ['a', 'b', 'c'].map((id) =>
      aNode(id, { holds: 5 }, { rttMs: new Map(Object.entries(links[id] ?? {})) }),
    );
    const [pipeline] = plan(nodes).plan.pipelines;
    expect(pipeline!.stages[1]!.nodeId).toBe('c');
  });

  it('divides layers of unequal size and work where they are', () => {
    const gib = 2 ** 30;
    const model = aModel(6, { layerMemoryBytes: [3, 1, 1, 1, 1, 1].map((size) => size * gib) }, 0.01);
    const nodes = [aNode('a', { holds: 4.5 }), aNode('b', { holds: 4.5 })];
    expect(shape(plan(nodes, undefined, model))[0]).toMatch(/^.\[0,2\) .\[2,6\)$/);
    const costly = aModel(6, { layerComputeCost: [1, 1, 1, 1, 1, 400] }, 0.01);
    const both = [aNode('a', { holds: 5.5 }), aNode('b', { holds: 5.5 })];
    expect(shape(plan(both, undefined, costly))[0]).toMatch(/^.\[0,5\) .\[5,6\)$/);
  });

  it('is cut short by its budget with the best so far', () => {
    const nodes = Array.from({ length: 60 }, (_, at) =>
      aNode(`n${at}`, { holds: 2.5 + (at % 9) + at / 100 }),
    );
    const outcome = optimalAllocator({ budget: () => stepBudget(200_000) }).allocate(aModel(30), nodes);
    expect(outcome).toMatchObject({ ok: true });
    expect(outcome.ok && faultsOf(aModel(30), nodes, outcome.plan)).toEqual([]);
  });
});

describe('constraints', () => {
  it('leaves out who is to be avoided', () => {
    const outcome = plan(FOUR_HALVES, { avoid: new Set(['a']) });
    expect(outcome.plan.pipelines).toHaveLength(1);
    expect(outcome.plan.unusedNodeIds).toContain('a');
  });

  it('uses who is pinned, in place of another or beside others', () => {
    const nodes = [aNode('whole', { holds: 14 }), aNode('a', { holds: 7 }), aNode('small', { holds: 2 })];
    expect(plan(nodes).plan.unusedNodeIds).toEqual(['a', 'small']);
    expect(plan(nodes, { pinned: new Set(['small']) }).plan.unusedNodeIds).not.toContain('small');
    expect(
      fault([...nodes, aNode('nothing', { holds: 0.1 })], { pinned: new Set(['nothing']) }),
    ).toMatchObject({
      kind: 'constraint_violated',
      nodeId: 'nothing',
    });
  });

  it('does not mix sites', () => {
    const sites = ['x', 'y', 'x', 'z'];
    const nodes = FOUR_HALVES.map((node, at) =>
      aNode(node.id, { holds: 7 }, { labels: { site: sites[at]! } }),
    );
    expect(shape(plan(nodes, { keepApartBy: ['site'] }))).toEqual([expect.stringMatching(/^[ac].* [ac]/)]);
  });

  it('weighs the sites against each other', () => {
    const site = (name: string, count: number, holds: number) =>
      Array.from({ length: count }, (_, at) => aNode(`${name}${at}`, { holds }, { labels: { site: name } }));
    const nodes = [...site('big', 2, 14), ...site('small', 12, 2)];
    const outcome = plan(nodes, { keepApartBy: ['site'] });
    expect(outcome).toMatchObject({ objective: 2, isOptimal: true });
    expect(outcome.plan.pipelines).toHaveLength(2);
  });

  it('keeps to given layers, and fills what is open around them', () => {
    const manual = new Map([['b', { start: 3, end: 8 }]]);
    const [first] = shape(plan(FOUR_HALVES, { manual })).filter((text) => text.includes('b['));
    expect(first).toMatch(/^.\[0,3\) b\[3,8\) .\[8,12\)$/);
  });

  it.each([
    ['beyond the model', { start: 8, end: 13 }, /allowed are layers of \[0, 12\)/],
    ['more than fits', { start: 0, end: 11 }, /fit into its memory/],
  ])('refuses given layers: %s', (_what, range, message) => {
    const error = fault(FOUR_HALVES, { manual: new Map([['a', range]]) });
    expect(error).toMatchObject({ kind: 'constraint_violated', nodeId: 'a' });
    expect(error?.message).toMatch(message);
  });

  it('says which layers nobody can take', () => {
    const nodes = [aNode('a', { holds: 7 }), aNode('b', { holds: 2 })];
    const error = fault(nodes, { manual: new Map([['a', { start: 0, end: 6 }]]) });
    expect(error?.message).toContain('leave [6, 12) open');
  });
});

describe('what cannot be planned', () => {
  it('says by how much the model is too large', () => {
    const error = fault([aNode('a', { holds: 3 }), aNode('b', { holds: 4 })], undefined, aModel(12, {}, 1));
    expect(error).toMatchObject({ kind: 'model_too_large', missingGb: 7 });
    expect(error?.message).toMatch(/GiB are missing/);
  });

  it('says when the memory would do, but no chain does', () => {
    const nodes = Array.from({ length: 40 }, (_, at) => aNode(`n${at}`, { holds: 0.9 }));
    expect(fault(nodes)).toMatchObject({ kind: 'no_pipeline' });
  });

  it.each([
    ['no nodes', [], {}, 'no_nodes'],
    ['two of a name', [aNode('a', { holds: 9 }), aNode('a', { holds: 9 })], {}, 'duplicate_node'],
    ['a constraint on nobody', FOUR_HALVES, { avoid: new Set(['z']) }, 'unknown_node'],
    ['both', FOUR_HALVES, { avoid: new Set(['a']), pinned: new Set(['a']) }, 'constraint_violated'],
  ])('refuses %s', (_what, nodes, constraints, kind) => {
    expect(fault(nodes, constraints)).toMatchObject({ kind });
  });

  it('needs prices to plan by cost', () => {
    const outcome = optimalAllocator({ objective: 'cost' }).allocate(MODEL, FOUR_HALVES);
    expect(outcome).toMatchObject({ ok: false, error: { kind: 'constraint_violated', nodeId: 'a' } });
  });
});
