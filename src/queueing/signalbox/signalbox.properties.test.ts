import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REQUEST_PRIORITIES, type RequestMetadata } from '../../domain/index.ts';
import { Line } from '../__fixtures__/line.ts';
import { signalboxPolicy } from './policy.ts';

const EXACT = { expectedOutputTokens: 0, outputWeight: 0 };

describe('signalbox, whatever comes', () => {
  it('never makes a class wait for more than its share allows while the others are served', () => {
    const bandShare = 0.1;
    const ranks = fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(ranks, fc.integer({ min: 50, max: 300 }), (present, count) => {
        const line = new Line(signalboxPolicy({ ...EXACT, bandShare }));
        const served = new Map(present.map((rank) => [rank, 0]));
        for (const rank of present)
          line.join(...[1, 2, 3].map(() => ({ priority: REQUEST_PRIORITIES[rank]! })));
        for (let i = 0; i < count; i++) {
          const { priority } = line.serve()!.request;
          const rank = REQUEST_PRIORITIES.indexOf(priority);
          served.set(rank, served.get(rank)! + 1);
          line.join({ priority });
        }
        for (const times of served.values())
          expect(times).toBeGreaterThanOrEqual(Math.floor(count * bandShare) - 2);
        const highest = Math.min(...present);
        const guaranteed = bandShare * (present.length - 1);
        expect(served.get(highest)).toBeGreaterThanOrEqual(
          Math.floor(count * (1 - guaranteed)) - present.length,
        );
      }),
    );
  });

  it('keeps two tenants that always have something waiting within two of the largest requests (VTC, theorem 4.4)', () => {
    const size = fc.integer({ min: 1, max: 1_000 });
    fc.assert(
      fc.property(
        fc.array(size, { minLength: 10, maxLength: 200 }),
        fc.integer({ min: 2, max: 5 }),
        (sizes, tenants) => {
          const line = new Line(signalboxPolicy(EXACT));
          const consumed = new Float64Array(tenants);
          let at = 0;
          const joinAs = (tenant: number) =>
            line.join({ tenant: `${tenant}`, promptTokens: sizes[at++ % sizes.length]! });
          // Two each, so that nobody's line is ever empty.
          for (let tenant = 0; tenant < 2 * tenants; tenant++) joinAs(tenant % tenants);
          for (let i = 0; i < 3 * sizes.length; i++) {
            const { tenant, promptTokens } = line.serve()!.request;
            consumed[Number(tenant)]! += promptTokens;
            joinAs(Number(tenant));
            const gap = Math.max(...consumed) - Math.min(...consumed);
            expect(gap).toBeLessThanOrEqual(2 * Math.max(...sizes));
          }
        },
      ),
    );
  });

  /** Every tenant always has two requests waiting, of which `share` of the prompt is held somewhere. */
  function busyTenants(
    sizes: readonly number[],
    shareOf: (request: RequestMetadata) => number,
    quantumTokens: number,
  ) {
    const prefixes = {
      cachedTokens: () => 0,
      mostCachedTokens: (request: RequestMetadata) => shareOf(request) * request.promptTokens,
    };
    const line = new Line(signalboxPolicy({ ...EXACT, quantumTokens }, { prefixes }));
    let at = 0;
    const joinAs = (tenant: string) => line.join({ tenant, promptTokens: sizes[at++ % sizes.length]! });
    return {
      joinAs,
      serve() {
        const { request } = line.serve()!;
        joinAs(request.tenant!);
        return request;
      },
    };
  }

  const busy = {
    sizes: fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 10, maxLength: 100 }),
    shares: fc.array(fc.constantFrom(0, 0.3, 0.9, 1), { minLength: 7, maxLength: 7 }),
    quantumTokens: fc.constantFrom(0, 100, 1_000, 5_000),
    tenants: fc.integer({ min: 2, max: 5 }),
  };

  it('keeps tenants within the quantum and one request of each other, whoever has its prompts cached (DLPM)', () => {
    fc.assert(
      fc.property(fc.record(busy), ({ sizes, shares, quantumTokens, tenants }) => {
        let asked = 0;
        const { joinAs, serve } = busyTenants(sizes, () => shares[asked++ % shares.length]!, quantumTokens);
        const consumed = new Float64Array(tenants);
        for (let i = 0; i < 2 * tenants; i++) joinAs(`${i % tenants}`);
        for (let i = 0; i < 300; i++) {
          const { tenant, promptTokens } = serve();
          consumed[Number(tenant)]! += promptTokens;
          const gap = Math.max(...consumed) - Math.min(...consumed);
          expect(gap).toBeLessThanOrEqual(quantumTokens + Math.max(...sizes));
        }
      }),
    );
  });

  it('never keeps a tenant waiting whose prompts nobody holds for longer than the others’ quanta', () => {
    fc.assert(
      fc.property(fc.record(busy), ({ sizes, quantumTokens, tenants }) => {
        const { joinAs, serve } = busyTenants(sizes, ({ tenant }) => (tenant === '0' ? 0 : 1), quantumTokens);
        for (let i = 0; i < 2 * tenants; i++) joinAs(`${i % tenants}`);
        let meanwhile = 0;
        for (let i = 0; i < 300; i++) {
          const { tenant, promptTokens } = serve();
          meanwhile = tenant === '0' ? 0 : meanwhile + promptTokens;
          expect(meanwhile).toBeLessThanOrEqual((tenants - 1) * (quantumTokens + 2 * Math.max(...sizes)));
        }
      }),
    );
  });

  it('never lets a tenant’s cached prompts pass another of its prompts for longer than the slack they may cost', () => {
    const prefixes = {
      cachedTokens: () => 0,
      mostCachedTokens: ({ id, promptTokens }: RequestMetadata) => (id === 'miss' ? 0 : promptTokens),
    };
    const line = new Line(signalboxPolicy({ localitySlackMs: 250 }, { prefixes }));
    line.join({ id: 'miss', promptTokens: 10 });
    const wentFirst: number[] = [];
    for (;;) {
      line.nowMs += 10;
      line.join({ promptTokens: 10, arrivalMs: line.nowMs });
      const { request } = line.serve()!;
      if (request.id === 'miss') break;
      wentFirst.push(request.arrivalMs);
      expect(wentFirst.length).toBeLessThan(100);
    }
    expect(wentFirst.length).toBeGreaterThan(0);
    expect(Math.max(...wentFirst)).toBeLessThanOrEqual(250);
  });

  it('never lets a tenant that comes back go before the others for longer than one request each', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 3 }), (away, others) => {
        const line = new Line(signalboxPolicy(EXACT));
        for (let other = 0; other < others; other++)
          line.join(...Array.from({ length: away + 20 }, () => ({ tenant: `o${other}`, promptTokens: 10 })));
        line.order(away);
        line.join(...Array.from({ length: 20 }, () => ({ tenant: 'back', promptTokens: 10 })));
        let inARow = 0;
        for (let i = 0; i < 10; i++) {
          inARow = line.serve()!.request.tenant === 'back' ? inARow + 1 : 0;
          expect(inARow).toBeLessThanOrEqual(2);
        }
      }),
    );
  });

  const aRequestLike = fc.record({
    priority: fc.constantFrom(...REQUEST_PRIORITIES),
    tenant: fc.constantFrom('a', 'b', 'c'),
    promptTokens: fc.integer({ min: 1, max: 2_000 }),
    maxTokens: fc.integer({ min: 1, max: 500 }),
    model: fc.constantFrom('m', 'n'),
    ttftSloMs: fc.option(fc.integer({ min: 1, max: 3_000 }), { nil: undefined }),
  });
  const aStep = fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('join' as const), fields: aRequestLike }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('serve' as const),
        model: fc.constantFrom('m', 'n'),
        output: fc.option(fc.nat(600)),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), at: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('end' as const), at: fc.nat(), ms: fc.nat(2_000) }) },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('skip' as const), model: fc.constantFrom('m', 'n') }),
    },
  );

  /** Plays `steps`, then serves all that is left; the ids in the order in which they went. */
  function play(steps: readonly (typeof aStep extends fc.Arbitrary<infer Step> ? Step : never)[]): string[] {
    const line = new Line(signalboxPolicy());
    const waiting = new Map<string, RequestMetadata>();
    const running: RequestMetadata[] = [];
    const went: string[] = [];
    let joined = 0;
    const serve = (model: string, output?: number | null): boolean => {
      const served = line.serve(output ?? undefined, model);
      if (served === undefined) return false;
      expect(waiting.delete(served.request.id)).toBe(true);
      went.push(served.request.id);
      if (output === undefined || output === null) running.push(served.request);
      return true;
    };
    for (const step of steps) {
      if (step.do === 'join') {
        const { ttftSloMs, ...fields } = step.fields;
        const [request] = line.join({
          ...fields,
          id: `r${joined++}`,
          arrivalMs: line.nowMs,
          ...(ttftSloMs !== undefined && { ttftSloMs }),
        });
        waiting.set(request!.id, request!);
      } else if (step.do === 'serve') {
        serve(step.model, step.output);
      } else if (step.do === 'leave' && waiting.size > 0) {
        const [id] = [...waiting][step.at % waiting.size]!;
        line.queue.remove(line.queue.get(id)!);
        waiting.delete(id);
      } else if (step.do === 'end') {
        line.nowMs += step.ms;
        const [request] = running.splice(step.at % Math.max(1, running.length), 1);
        if (request !== undefined)
          line.policy.onRequestFailed?.(request, line.instance, line.nowMs, 'failed');
      } else if (step.do === 'skip') {
        // The scheduler looks past a request that nobody can take by taking it out for a moment.
        const { order } = line.queue.lane(step.model);
        const next = order.next({ nowMs: line.nowMs, instances: [] });
        if (next !== undefined) {
          order.remove(next.waiting);
          order.add(next.waiting);
        }
      }
      const sizes = ['m', 'n'].map((model) => line.queue.lane(model).size);
      expect(sizes[0]! + sizes[1]!).toBe(waiting.size);
    }
    for (const model of ['m', 'n']) while (serve(model));
    expect(waiting.size).toBe(0);
    return went;
  }

  it('loses nobody, serves nobody twice, and decides the same when the same happens again', () => {
    fc.assert(
      fc.property(fc.array(aStep, { maxLength: 80 }), (steps) => {
        const went = play(steps);
        expect(new Set(went).size).toBe(went.length);
        expect(play(steps)).toEqual(went);
      }),
    );
  });
});
