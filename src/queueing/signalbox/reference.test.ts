import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REQUEST_PRIORITIES, type RequestMetadata } from '../../domain/index.ts';
import { Line } from '../__fixtures__/line.ts';
import { classDueMs, sloDueMs } from '../slack.ts';
import { signalboxPolicy } from './policy.ts';

/**
 * The policy once more, without heaps, over a plain list and in the words of its guide: what the real one must do, however it
 * gets there. One lane, and what a request consumes is its prompt.
 */
class Reference {
  readonly #bandShare: number;
  readonly #lateEvery: number;
  readonly #waiting: RequestMetadata[] = [];
  readonly #late = new Set<string>();
  readonly #owed = REQUEST_PRIORITIES.map(() => 0);
  readonly #counters = new Map<string, number>();
  readonly #clocks = REQUEST_PRIORITIES.map(() => 0);
  readonly #timelyInARow = new Map<string, number>();
  /** Tenants of a class in the order in which they were first seen, which decides between equals. */
  readonly #seen: string[] = [];

  constructor(bandShare: number, lateShare: number) {
    this.#bandShare = bandShare;
    this.#lateEvery = Math.floor(1 / lateShare);
  }

  join(request: RequestMetadata): void {
    const flow = flowOf(request);
    const rank = rankOf(request);
    if (!this.#seen.includes(flow)) this.#seen.push(flow);
    const others = this.#of(rank);
    if (!others.some((other) => flowOf(other) === flow)) {
      const counters = others.map((other) => this.#counter(flowOf(other)));
      const floor = counters.length > 0 ? Math.min(...counters) : this.#clocks[rank]!;
      this.#counters.set(flow, Math.max(this.#counter(flow), floor));
    }
    this.#waiting.push(request);
  }

  leave(request: RequestMetadata): void {
    this.#waiting.splice(this.#waiting.indexOf(request), 1);
    const rank = rankOf(request);
    if (this.#of(rank).length === 0) this.#owed[rank] = 0;
  }

  next(nowMs: number): RequestMetadata | undefined {
    const present = REQUEST_PRIORITIES.map((_, rank) => rank).filter((rank) => this.#of(rank).length > 0);
    // Whoever waits in a class that has nothing owed to it is not looked at, so nobody there steps aside yet.
    const owed = present
      .slice(1)
      .find((rank) => this.#owed[rank]! > 0 && this.#owed[rank]! >= this.#ofBand(rank, nowMs).promptTokens);
    const rank = owed ?? present[0];
    return rank === undefined ? undefined : this.#ofBand(rank, nowMs);
  }

  go(request: RequestMetadata): void {
    const flow = flowOf(request);
    const rank = rankOf(request);
    const wasLate = this.#late.has(request.id);
    this.leave(request);
    const cost = request.promptTokens;
    REQUEST_PRIORITIES.forEach((_, other) => {
      if (this.#of(other).length > 0) this.#owed[other]! += this.#bandShare * cost;
    });
    this.#owed[rank] = Math.max(0, this.#owed[rank]! - cost);
    this.#clocks[rank] = Math.max(this.#clocks[rank]!, this.#counter(flow));
    const hasLate = this.#ofFlow(flow).some(({ id }) => this.#late.has(id));
    if (wasLate) this.#timelyInARow.set(flow, 0);
    else if (hasLate) this.#timelyInARow.set(flow, (this.#timelyInARow.get(flow) ?? 0) + 1);
    this.#counters.set(flow, this.#counter(flow) + cost);
  }

  #ofBand(rank: number, nowMs: number): RequestMetadata {
    const flows = [...new Set(this.#of(rank).map(flowOf))];
    flows.sort(
      (a, b) => this.#counter(a) - this.#counter(b) || this.#seen.indexOf(a) - this.#seen.indexOf(b),
    );
    return this.#ofTenant(flows[0]!, nowMs);
  }

  #ofTenant(flow: string, nowMs: number): RequestMetadata {
    const all = this.#ofFlow(flow);
    const timely = () => all.filter(({ id }) => !this.#late.has(id)).sort((a, b) => keyOf(a) - keyOf(b));
    // Only the first in line is looked at: whoever stands behind somebody who cannot be late keeps their place.
    for (let first = timely()[0]; first !== undefined && isLate(first, nowMs); first = timely()[0])
      this.#late.add(first.id);
    const late = all.filter(({ id }) => this.#late.has(id)).sort((a, b) => a.arrivalMs - b.arrivalMs);
    const isLatesTurn = (this.#timelyInARow.get(flow) ?? 0) >= this.#lateEvery - 1;
    const [first] = timely();
    return late.length > 0 && (first === undefined || isLatesTurn) ? late[0]! : first!;
  }

  readonly #of = (rank: number): RequestMetadata[] => this.#waiting.filter((one) => rankOf(one) === rank);
  readonly #ofFlow = (flow: string): RequestMetadata[] => this.#waiting.filter((one) => flowOf(one) === flow);
  readonly #counter = (flow: string): number => this.#counters.get(flow) ?? 0;
}

const rankOf = ({ priority }: RequestMetadata): number => REQUEST_PRIORITIES.indexOf(priority);
const flowOf = ({ priority, tenant }: RequestMetadata): string => `${priority} ${tenant}`;
const keyOf = (request: RequestMetadata): number => sloDueMs(request) ?? classDueMs(request);
const isLate = (request: RequestMetadata, nowMs: number): boolean =>
  (sloDueMs(request) ?? Number.POSITIVE_INFINITY) < nowMs;

const fields = fc.record({
  // Few of each, so that they meet often.
  priority: fc.constantFrom('HIGH' as const, 'NORMAL' as const, 'BACKGROUND' as const),
  tenant: fc.constantFrom('a', 'b'),
  promptTokens: fc.integer({ min: 1, max: 9 }),
  sloMs: fc.option(fc.integer({ min: 1, max: 400 }), { nil: undefined }),
});
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('join' as const), fields }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('go' as const), ms: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), at: fc.nat() }) },
);

describe('signalbox', () => {
  it('decides as its guide says, step by step, under any joining, leaving and going', () => {
    const shares = fc.record({
      bandShare: fc.constantFrom(0.05, 0.125, 0.2),
      lateShare: fc.constantFrom(0.1, 0.25, 0.5),
    });
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 20, maxLength: 300, size: 'max' }),
        shares,
        (steps, { bandShare, lateShare }) => {
          const parameters = { bandShare, lateShare, expectedOutputTokens: 0, outputWeight: 0 };
          const line = new Line(signalboxPolicy(parameters));
          const reference = new Reference(bandShare, lateShare);
          const waiting: RequestMetadata[] = [];
          let joined = 0;
          const go = (): void => {
            const expected = reference.next(line.nowMs);
            const served = line.serve();
            expect(served?.request.id).toBe(expected?.id);
            if (expected === undefined) return;
            reference.go(expected);
            waiting.splice(waiting.indexOf(expected), 1);
          };
          for (const action of steps) {
            if (action.do === 'join') {
              // No two alike in any key, so that the order is never a matter of taste.
              line.nowMs += 0.001;
              const { sloMs, ...rest } = action.fields;
              const slo = sloMs === undefined ? {} : { ttftSloMs: sloMs };
              const [request] = line.join({ ...rest, ...slo, id: `r${joined++}`, arrivalMs: line.nowMs });
              reference.join(request!);
              waiting.push(request!);
            } else if (action.do === 'go') {
              line.nowMs += action.ms;
              go();
            } else if (waiting.length > 0) {
              const [request] = waiting.splice(action.at % waiting.length, 1);
              line.queue.remove(line.queue.get(request!.id)!);
              reference.leave(request!);
            }
          }
          while (waiting.length > 0) go();
        },
      ),
      { numRuns: 200 },
    );
  });
});
