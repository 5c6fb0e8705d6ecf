import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leastLatency } from './dynamic-programming.ts';
import { PIPELINE_ROUTINGS } from './index.ts';
import { byLimit, layerFlow, maxFlow } from './layer-flow.ts';
import { LayerGraph, type Stage } from './layer-graph.ts';
import { LinkTable } from './link-table.ts';
import { hopsOf, latencyOf } from './pipeline-routing.ts';

const LAYERS = 4;

/** For what draws nothing. */
const NEVER = { next: () => Number.NaN };

function aStage(nodeId: string, startLayer: number, endLayer: number, facts: Partial<Stage> = {}): Stage {
  const { room = 4, ...rest } = facts;
  return { nodeId, startLayer, endLayer, latencyMs: 1, limit: 4, stepsPerSecond: 10, room, ...rest };
}

type Links = Readonly<Record<string, Readonly<Record<string, number>>>>;

function aGraph(stages: readonly Stage[], links: Links = {}, assumedRttMs = 5): LayerGraph {
  const graph = new LayerGraph(LAYERS, new LinkTable({ assumedRttMs }));
  for (const stage of stages) graph.put(stage);
  for (const [id, rtts] of Object.entries(links)) graph.links.report(id, new Map(Object.entries(rtts)));
  return graph;
}

const CHAINS = [aStage('a', 0, 2), aStage('b', 2, 4), aStage('c', 0, 2), aStage('d', 2, 4)];
const PIPELINES = [
  { id: 0, nodeIds: ['a', 'b'] },
  { id: 1, nodeIds: ['c', 'd'] },
];
const idsOf = (route: { readonly hops: readonly { readonly nodeId: string }[] } | undefined) =>
  route?.hops.map(({ nodeId }) => nodeId);

/** Every chain with room, by a search in depth. */
function everyChain(graph: LayerGraph): readonly (readonly string[])[] {
  const from = (layer: number, before: readonly string[]): readonly (readonly string[])[] => {
    if (layer === graph.layers) return [before];
    return graph
      .startingAt(layer)
      .flatMap(({ stage }) =>
        stage.room > 0 &&
        Number.isFinite(stage.latencyMs) &&
        (before.length === 0 || Number.isFinite(graph.links.rttMs(before.at(-1)!, stage.nodeId)))
          ? from(stage.endLayer, [...before, stage.nodeId])
          : [],
      );
  };
  return from(0, []);
}

const anyGraph = fc
  .array(
    fc.record({
      range: fc.constantFrom([0, 1], [0, 2], [0, 4], [1, 2], [1, 3], [2, 3], [2, 4], [3, 4]),
      latencyMs: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(Number.POSITIVE_INFINITY)),
      limit: fc.integer({ min: 1, max: 5 }),
      room: fc.integer({ min: 0, max: 5 }),
      rtts: fc.dictionary(
        fc.integer({ min: 0, max: 9 }).map((index) => `n${index}`),
        fc.oneof(fc.integer({ min: 0, max: 30 }), fc.constant(Number.POSITIVE_INFINITY)),
      ),
    }),
    { minLength: 1, maxLength: 10 },
  )
  .chain((nodes) =>
    fc.constantFrom(7, Number.POSITIVE_INFINITY).map((assumedRttMs) =>
      aGraph(
        nodes.map(({ range, rtts: _rtts, ...facts }, index) =>
          aStage(`n${index}`, range[0]!, range[1]!, facts),
        ),
        Object.fromEntries(nodes.map(({ rtts }, index) => [`n${index}`, rtts])),
        assumedRttMs,
      ),
    ),
  );

describe('least latency', () => {
  it('is that of the best of all chains', () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        const found = leastLatency(graph);
        const all = everyChain(graph).map((chain) => latencyOf(hopsOf(graph, chain)!));
        if (all.length === 0) {
          expect(found).toBeUndefined();
          return;
        }
        expect(found!.latencyMs).toBeCloseTo(Math.min(...all), 9);
        expect(latencyOf(hopsOf(graph, found!.nodeIds)!)).toBeCloseTo(found!.latencyMs, 9);
      }),
      { numRuns: 500 },
    );
  });

  it('goes from one pipeline to the other where that is faster, and says what each hop costs', () => {
    const graph = aGraph(CHAINS, { a: { b: 9, d: 2 }, c: { d: 9 } });
    const route = PIPELINE_ROUTINGS.dp.make(NEVER).choose({ graph, pipelines: [] });
    expect(idsOf(route)).toEqual(['a', 'd']);
    expect(route).toMatchObject({ latencyMs: 4, hops: [{ linkMs: 0 }, { linkMs: 2, stageMs: 1, room: 4 }] });
    expect(route!.reason).toBe('least latency, 4 ms: a [0, 2) 1 ms → 2 ms → d [2, 4) 1 ms');
  });
});

describe('links', () => {
  it('count from either end, and those measured before the node came count when it comes', () => {
    const links = new LinkTable({ assumedRttMs: Number.POSITIVE_INFINITY });
    links.report('a', new Map([['b', 3]]));
    const [a, b] = [links.join('a'), links.join('b')];
    expect([links.between(a, b), links.between(b, a)]).toEqual([3, 3]);
    links.report('b', new Map([['a', 8]]));
    expect([links.between(a, b), links.between(b, a)]).toEqual([3, 8]);
    expect(links.hasUnusable).toBe(false);
  });

  it('of a node that left are not those of the node in its slot', () => {
    const links = new LinkTable({ assumedRttMs: 50 });
    const a = links.join('a');
    links.join('b');
    links.report('a', new Map([['b', 3]]));
    links.leave('b');
    expect(links.between(a, links.join('c'))).toBe(50);
    expect(links.between(a, links.join('b'))).toBe(3);
  });

  it('are the same by name and by slot after any reports, joins and leaves', () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd');
    const step = fc.oneof(
      id.map((name) => (links: LinkTable) => void links.join(name)),
      id.map((name) => (links: LinkTable) => links.leave(name)),
      fc.tuple(id, fc.dictionary(id, fc.oneof(fc.nat(9), fc.constant(Number.POSITIVE_INFINITY)))).map(
        ([name, rtts]) =>
          (links: LinkTable) =>
            links.report(name, new Map(Object.entries(rtts))),
      ),
    );
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 30 }),
        fc.constantFrom(5, Number.POSITIVE_INFINITY),
        (steps, ms) => {
          const links = new LinkTable({ assumedRttMs: ms });
          for (const act of steps) act(links);
          const present = ['a', 'b', 'c', 'd'].filter((name) => links.slotOf(name) !== undefined);
          const pairs = present.flatMap((one) =>
            present.filter((two) => two !== one).map((two) => [one, two] as const),
          );
          for (const [one, two] of pairs) {
            expect(links.between(links.slotOf(one)!, links.slotOf(two)!)).toBe(links.rttMs(one, two));
          }
          const isSomeUnusable = pairs.some(
            ([one, two]) => links.rttMs(one, two) === Number.POSITIVE_INFINITY,
          );
          expect(links.hasUnusable).toBe(isSomeUnusable);
        },
      ),
    );
  });
});

describe('round robin', () => {
  it('takes pipelines in turn and passes over one without room', () => {
    const graph = aGraph(CHAINS);
    const routing = PIPELINE_ROUTINGS.rr.make(NEVER);
    const view = { graph, pipelines: PIPELINES };
    expect([1, 2, 3].map(() => routing.choose(view)?.pipelineId)).toEqual([0, 1, 0]);
    graph.put(aStage('d', 2, 4, { room: 0 }));
    expect([1, 2].map(() => routing.choose(view)?.pipelineId)).toEqual([0, 0]);
    graph.put(aStage('a', 0, 2, { latencyMs: Number.POSITIVE_INFINITY }));
    expect(routing.choose(view)).toBeUndefined();
  });
});

describe('randomised routing', () => {
  it('draws each chain with room as often as every other', () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        const chains = everyChain(graph);
        const drawn = chains.map((_, index) => {
          const random = { next: () => (index + 0.5) / chains.length };
          return idsOf(PIPELINE_ROUTINGS.random.make(random).choose({ graph, pipelines: [] }))!.join();
        });
        expect(drawn.sort()).toEqual(chains.map((chain) => chain.join()).sort());
      }),
    );
  });

  it('has nothing to draw from where no chain has room', () => {
    const random = PIPELINE_ROUTINGS.random.make({ next: () => 0 });
    expect(random.choose({ graph: aGraph([aStage('a', 0, 2)]), pipelines: [] })).toBeUndefined();
  });
});

describe('the greatest flow', () => {
  it('equals the least cut on any graph', () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        fc.pre([...graph.stages()].length <= 8);
        expect(maxFlow(graph, byLimit)).toBe(leastCut(graph));
      }),
    );
  });

  it('is the sum of its chains, none of which is over a node’s limit', () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        const { total, paths } = layerFlow(graph, byLimit);
        expect(paths.reduce((sum, { flow }) => sum + flow, 0)).toBeCloseTo(total, 9);
        for (const { nodeId, limit } of graph.stages()) {
          const through = paths.filter(({ nodeIds }) => nodeIds.includes(nodeId));
          expect(through.reduce((sum, { flow }) => sum + flow, 0)).toBeLessThanOrEqual(limit + 1e-9);
        }
        for (const { nodeIds } of paths)
          expect(Number.isFinite(latencyOf(linksOf(graph, nodeIds)))).toBe(true);
      }),
    );
  });
});

describe('flow-proportional routing', () => {
  it('spreads requests as the flow, evenly in time', () => {
    const graph = aGraph([aStage('fast', 0, 4, { stepsPerSecond: 20 }), aStage('slow', 0, 4)]);
    const routing = PIPELINE_ROUTINGS.flow.make(NEVER);
    const picks = Array.from({ length: 6 }, () => idsOf(routing.choose({ graph, pipelines: [] }))!.join());
    expect(picks).toEqual(['fast', 'slow', 'fast', 'fast', 'slow', 'fast']);
  });

  it('uses a chain beside the flow when those of the flow are full', () => {
    const graph = aGraph([
      aStage('a', 0, 2, { room: 0 }),
      aStage('b', 2, 4, { stepsPerSecond: 10 }),
      aStage('c', 0, 2, { stepsPerSecond: 0 }),
    ]);
    const route = PIPELINE_ROUTINGS.flow.make(NEVER).choose({ graph, pipelines: [] });
    expect(idsOf(route)).toEqual(['c', 'b']);
    expect(route!.reason).toContain('every chain of the flow is full');
  });
});

/** By trying every set of nodes that may lie on the source's side; links cannot be cut. */
function leastCut(graph: LayerGraph): number {
  const stages = [...graph.stages()];
  let least = Number.POSITIVE_INFINITY;
  for (let cut = 0; cut < 2 ** stages.length; cut++) {
    const left = stages.filter((_, index) => (cut & (1 << index)) === 0);
    const sum = stages.reduce((all, { limit }, index) => all + ((cut & (1 << index)) === 0 ? 0 : limit), 0);
    if (sum < least && !hasChain(graph, left)) least = sum;
  }
  return least;
}

function hasChain(graph: LayerGraph, stages: readonly Stage[]): boolean {
  const from = (layer: number, before: Stage | undefined): boolean =>
    layer === graph.layers ||
    stages.some(
      (stage) =>
        stage.startLayer === layer &&
        (before === undefined || Number.isFinite(graph.links.rttMs(before.nodeId, stage.nodeId))) &&
        from(stage.endLayer, stage),
    );
  return from(0, undefined);
}

function linksOf(graph: LayerGraph, nodeIds: readonly string[]) {
  return hopsOf(graph, nodeIds)!.map((hop) => ({ ...hop, stageMs: 0 }));
}
