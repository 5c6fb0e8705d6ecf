import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TraceRequest } from '../../simulator/index.ts';
import { type SendTimes, sendAll } from './sender.ts';

interface Sent {
  readonly line: number;
  readonly sentAtMs: number;
  readonly times: SendTimes;
}

function requestsAt(arrivals: readonly number[]): readonly TraceRequest[] {
  return arrivals.map((arrivalMs, index) => ({
    arrivalMs,
    promptTokens: 1,
    outputTokens: 1,
    line: index + 1,
  }));
}

async function* given<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

interface Run {
  readonly arrivals: readonly number[];
  readonly speed?: number;
  readonly concurrency?: number;
  readonly signal?: AbortSignal;
  /** What a request takes. */
  readonly answerMs?: number;
  readonly prepare?: (request: TraceRequest) => void;
}

async function run(setting: Run): Promise<{ readonly sent: readonly Sent[]; readonly mostInFlight: number }> {
  const sent: Sent[] = [];
  let inFlight = 0;
  let mostInFlight = 0;
  const sender = {
    prepare: (request: TraceRequest) => setting.prepare?.(request),
    async send(_prepared: unknown, { line }: TraceRequest, times: SendTimes) {
      sent.push({ line, sentAtMs: performance.now(), times });
      inFlight += 1;
      mostInFlight = Math.max(mostInFlight, inFlight);
      await sleep(setting.answerMs ?? 1);
      inFlight -= 1;
    },
  };
  await sendAll(given(requestsAt(setting.arrivals)), sender, {
    speed: setting.speed ?? 1,
    concurrency: setting.concurrency ?? Number.POSITIVE_INFINITY,
    signal: setting.signal ?? new AbortController().signal,
  });
  expect(inFlight).toBe(0);
  return { sent, mostInFlight };
}

const intendedGaps = (sent: readonly Sent[]): readonly number[] =>
  sent.map(({ times }) => Math.round(times.intendedAtMs - sent[0]!.times.intendedAtMs));

describe('sendAll', () => {
  it('sends at the distances of the trace, never before the moment', async () => {
    const { sent } = await run({ arrivals: [500, 530, 530, 590] });
    expect(intendedGaps(sent)).toEqual([0, 30, 30, 90]);
    for (const { sentAtMs, times } of sent) expect(sentAtMs).toBeGreaterThanOrEqual(times.intendedAtMs);
  });

  it('divides the distances by the speed', async () => {
    const { sent } = await run({ arrivals: [0, 1000, 4000], speed: 100 });
    expect(intendedGaps(sent)).toEqual([0, 10, 40]);
  });

  it('does not wait for answers: an open loop', async () => {
    const { sent, mostInFlight } = await run({ arrivals: [0, 5, 10, 15], answerMs: 1000 });
    expect(mostInFlight).toBe(4);
    expect(sent.every(({ times }) => times.heldBackMs === 0)).toBe(true);
  });

  it('keeps to a bound of requests in flight, and calls the wait by its name', async () => {
    const { sent, mostInFlight } = await run({ arrivals: [0, 1, 2, 3], concurrency: 2, answerMs: 60 });
    expect(mostInFlight).toBe(2);
    expect(sent.map(({ times }) => times.heldBackMs > 30)).toEqual([false, false, true, true]);
    for (const { sentAtMs, times } of sent) {
      expect(times.latenessMs + times.heldBackMs).toBeCloseTo(sentAtMs - times.intendedAtMs, -2);
    }
  });

  it('tells how late a stalled generator was, from the moment intended', async () => {
    const stall = ({ line }: TraceRequest): void => {
      const until = performance.now() + (line === 2 ? 80 : 0);
      while (performance.now() < until);
    };
    const { sent } = await run({ arrivals: [0, 10, 20], prepare: stall });
    expect(sent[1]!.times.latenessMs).toBeGreaterThanOrEqual(69);
    expect(sent[2]!.times.latenessMs).toBeGreaterThanOrEqual(59);
  });

  it('lets answers be heard while it is behind', async () => {
    let heard = 0;
    const timer = setInterval(() => {
      heard += 1;
    }, 1);
    const busy = (): void => {
      const until = performance.now() + 3;
      while (performance.now() < until);
    };
    await run({ arrivals: Array.from({ length: 20 }, () => 0), prepare: busy });
    clearInterval(timer);
    expect(heard).toBeGreaterThan(5);
  });

  it('stops when told to, even while it waits for a moment far away or for a slot', async () => {
    for (const setting of [{ arrivals: [0, 1e12] }, { arrivals: [0, 1], concurrency: 1, answerMs: 300 }]) {
      const interrupt = new AbortController();
      setTimeout(() => interrupt.abort(), 50);
      const { sent } = await run({ ...setting, signal: interrupt.signal });
      expect(sent).toHaveLength(1);
    }
  });

  it('sends nothing when it was stopped before', async () => {
    expect((await run({ arrivals: [0, 1], signal: AbortSignal.abort() })).sent).toEqual([]);
  });

  it('sends each request once, in order, within the bound, whatever the trace', async () => {
    const gaps = fc.array(fc.nat(4), { minLength: 1, maxLength: 15 });
    await fc.assert(
      fc.asyncProperty(
        gaps,
        fc.integer({ min: 1, max: 5 }),
        fc.nat(4),
        async (all, concurrency, answerMs) => {
          let atMs = 0;
          const arrivals = all.map((gap) => {
            atMs += gap;
            return atMs;
          });
          const { sent, mostInFlight } = await run({ arrivals, concurrency, answerMs });
          expect(sent.map(({ line }) => line)).toEqual(all.map((_, index) => index + 1));
          expect(mostInFlight).toBeLessThanOrEqual(concurrency);
          for (const { times } of sent) {
            expect(times.latenessMs).toBeGreaterThanOrEqual(0);
            expect(times.heldBackMs).toBeGreaterThanOrEqual(0);
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it('passes an error of the trace on', async () => {
    async function* broken(): AsyncGenerator<TraceRequest> {
      yield* requestsAt([0]);
      throw new Error('the file went away');
    }
    const sender = { prepare: () => undefined, send: async () => undefined };
    const options = { speed: 1, concurrency: 1, signal: new AbortController().signal };
    await expect(sendAll(broken(), sender, options)).rejects.toThrow('the file went away');
  });
});
