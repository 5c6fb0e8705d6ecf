import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aView } from '../../../test/builders.ts';
import type { RequestMetadata } from '../../domain/index.ts';
import { Line } from '../__fixtures__/line.ts';
import type { PolicySwitch } from '../inputs.ts';
import { choose, chooseSteadily } from './choice.ts';
import { ADAPTIVE_PARAMETERS } from './parameters.ts';
import { adaptivePolicy } from './policy.ts';

const THRESHOLDS = { highLoad: 0.8, lowLoad: 0.3, highPriorityShare: 0, margin: 0.1 };
const facts = (fields: object) => ({ waiting: 10, highPriority: 0, withSlo: 0, load: 0.5, ...fields });

describe('adaptive: the choice', () => {
  it.each([
    ['high priority waits', { highPriority: 1, load: 0.1 }, 'priority'],
    ['SLOs wait under high load', { withSlo: 1, load: 0.9 }, 'slo-aware'],
    ['load is low', { withSlo: 1, load: 0.29 }, 'cost-optimized'],
    ['neither', { load: 0.3 }, 'slo-aware'],
    ['high load without SLOs', { load: 0.9 }, 'slo-aware'],
  ])('%s', (_, fields, expected) => {
    expect(choose(facts(fields), THRESHOLDS).way).toBe(expected);
  });

  it('asks for a share of high priority where one is set', () => {
    const thresholds = { ...THRESHOLDS, highPriorityShare: 0.3 };
    expect(choose(facts({ highPriority: 3 }), thresholds).way).toBe('slo-aware');
    expect(choose(facts({ highPriority: 4 }), thresholds).way).toBe('priority');
  });

  it('is undone only when load has come back by the margin', () => {
    const parameters = { ...THRESHOLDS, windowMs: 0, evaluateEveryMs: 0, pricePerGpuHour: 1 };
    expect(chooseSteadily(facts({ load: 0.35 }), parameters, 'cost-optimized').way).toBe('cost-optimized');
    expect(chooseSteadily(facts({ load: 0.41 }), parameters, 'cost-optimized').way).toBe('slo-aware');
    expect(chooseSteadily(facts({ load: 0.35 }), parameters, 'slo-aware').way).toBe('slo-aware');
  });
});

function aLine(parameters = {}) {
  const switches: PolicySwitch[] = [];
  const line = new Line(adaptivePolicy(parameters, { onSwitch: (change) => switches.push(change) }));
  return { line, switches };
}
const busy = [aView('a', { instance: { maxConcurrency: 10 }, inFlightRequests: 5 })];
const idle = [aView('a', { instance: { maxConcurrency: 10 } })];

describe('adaptive: at work', () => {
  it('orders as the way it goes about', () => {
    const { line, switches } = aLine();
    line.join({ id: 'due', ttftSloMs: 9_000 }, { id: 'low', priority: 'LOW' });
    expect(line.next(busy)?.waiting.request.id).toBe('due');
    line.nowMs = 20_000;
    line.join({ id: 'high', priority: 'HIGH', arrivalMs: 20_000 });
    expect(line.order(3, busy)).toEqual(['high', 'due', 'low']);
    expect(switches).toEqual([
      {
        policy: 'adaptive',
        from: 'slo-aware',
        to: 'priority',
        reason: 'requests of high priority wait',
        atMs: 20_000,
      },
    ]);
  });

  it('names the cheapest instance while load is low', () => {
    const { line } = aLine();
    line.join({});
    const views = [
      aView('dear', { instance: { usdPerHour: 9 } }),
      aView('cheap', { instance: { usdPerHour: 1 } }),
    ];
    expect(line.next(views)?.instanceId).toBe('cheap');
  });

  it('counts what it changed, and what each way has to say', () => {
    const { line } = aLine({ windowMs: 0, evaluateEveryMs: 0 });
    line.join({ ttftSloMs: 9_000 }, {});
    line.next(idle);
    line.next(busy);
    line.serve(undefined, 'm', busy);
    expect(line.policy.getStats?.()).toMatchObject({
      switches: 2,
      switchesTo: { 'cost-optimized': 1, 'slo-aware': 1 },
      ways: { 'slo-aware': { dispatched: 1 } },
    });
  });

  it('loses nobody when it changes', () => {
    const { line } = aLine({ windowMs: 0, evaluateEveryMs: 0 });
    const ids = line
      .join(
        ...Array.from(
          { length: 9 },
          (_, i) => ({ priority: i % 2 ? ('HIGH' as const) : 'LOW' }) as Partial<RequestMetadata>,
        ),
      )
      .map(({ id }) => id);
    const went = [];
    for (let i = 0; i < 9; i++) went.push(line.serve(undefined, 'm', i % 2 ? busy : idle)!.request.id);
    expect(new Set(went)).toEqual(new Set(ids));
  });

  it('never changes more than once in a window, however load and requests swing', () => {
    const step = fc.record({
      load: fc.nat(10),
      high: fc.boolean(),
      slo: fc.boolean(),
      ms: fc.integer({ min: 0, max: 8_000 }),
    });
    const windowMs = ADAPTIVE_PARAMETERS.windowMs.default;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const { line, switches } = aLine();
        for (const { load, high, slo, ms } of steps) {
          line.nowMs += ms;
          line.join({
            arrivalMs: line.nowMs,
            ...(high && { priority: 'CRITICAL' as const }),
            ...(slo && { ttftSloMs: 500 }),
          });
          line.serve(undefined, 'm', [
            aView('a', { instance: { maxConcurrency: 10 }, inFlightRequests: load }),
          ]);
        }
        switches.forEach(({ atMs }, i) => {
          if (i > 0) expect(atMs - switches[i - 1]!.atMs).toBeGreaterThanOrEqual(windowMs);
        });
      }),
    );
  });
});
