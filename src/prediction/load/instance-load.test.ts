import { describe, expect, it } from 'vitest';
import { anInstance, aRequest } from '../../../test/builders.ts';
import { placeOf } from '../instance-class.ts';
import { prefillPairs } from '../online/work-of.ts';
import type { Flight } from './flight.ts';
import { InstanceLoad } from './instance-load.ts';

const MS_PER_TOKEN = 0.1;

interface FlightFields {
  readonly atMs?: number;
  readonly prompt?: number;
  readonly cached?: number;
  readonly stream?: boolean;
  readonly expectedTtftMs?: number;
}

function aFlight(fields: FlightFields = {}): Flight {
  const { atMs = 0, prompt = 1000, cached = 0, stream = true, expectedTtftMs = 100 } = fields;
  const request = aRequest({ promptTokens: prompt, stream });
  return {
    request,
    place: placeOf(anInstance('a'), 'm'),
    dispatchedMs: atMs,
    facts: {
      instanceId: 'a',
      model: 'm',
      uncachedTokens: prompt - cached,
      cachedTokens: cached,
      queuedPrefillTokens: 0,
      decodingRequests: 0,
      kvTokens: 0,
    },
    ttft: { mean: expectedTtftMs, standardDeviation: 0 },
    tpot: { mean: 10, standardDeviation: 0 },
    atFirstToken: undefined,
  };
}

function loadWith(...flights: readonly Flight[]): InstanceLoad {
  const load = new InstanceLoad();
  for (const flight of flights) load.dispatched(flight);
  return load;
}

describe('prompts to be computed', () => {
  it('are none at first', () => {
    expect(new InstanceLoad().queued(5, MS_PER_TOKEN)).toEqual({ tokens: 0, pairs: 0 });
  });

  it('are those dispatched, less what is cached', () => {
    const load = loadWith(aFlight({ cached: 600 }), aFlight({ prompt: 500 }));
    const pairs = prefillPairs(400, 600) + prefillPairs(500, 0);
    expect(load.queued(0, MS_PER_TOKEN)).toEqual({ tokens: 900, pairs });
    expect([load.prefillingRequests, load.decodingRequests]).toEqual([2, 0]);
  });

  it('grow fewer as the one at the head is computed', () => {
    const load = loadWith(aFlight(), aFlight());
    expect(load.queued(20, MS_PER_TOKEN).tokens).toBe(1800);
    expect(load.queued(20, MS_PER_TOKEN).pairs).toBe(2 * prefillPairs(1000, 0) - prefillPairs(200, 0));
  });

  it('keep a rest of the head until its first token is seen', () => {
    expect(loadWith(aFlight(), aFlight()).queued(1e6, MS_PER_TOKEN).tokens).toBeCloseTo(1050);
  });

  it('of the next one count from the first token before it', () => {
    const [first, second] = [aFlight(), aFlight()];
    const load = loadWith(first, second);
    load.firstToken(first, 100);
    expect(load.queued(130, MS_PER_TOKEN).tokens).toBe(700);
  });

  it('are gone when their request failed', () => {
    const [first, second] = [aFlight(), aFlight()];
    const load = loadWith(first, second);
    load.ended(second, 10);
    load.ended(first, 10);
    expect(load.queued(10, MS_PER_TOKEN)).toEqual({ tokens: 0, pairs: 0 });
  });
});

describe('those who generate', () => {
  it('hold their prompts, and what they generated at the pace seen', () => {
    const flight = aFlight();
    const load = loadWith(flight);
    load.firstToken(flight, 100);
    expect([load.decodingRequests, load.kvTokens(600)]).toEqual([1, 1000]);
    load.sawTpot(10);
    expect(load.kvTokens(600)).toBe(1050);
  });

  it('hold nothing when they are done', () => {
    const [first, second] = [aFlight(), aFlight({ prompt: 300 })];
    const load = loadWith(first, second);
    load.sawTpot(10);
    load.firstToken(first, 100);
    load.firstToken(second, 130);
    load.ended(first, 200);
    expect([load.decodingRequests, load.kvTokens(230)]).toEqual([1, 310]);
    load.ended(second, 300);
    expect([load.decodingRequests, load.kvTokens(300)]).toEqual([0, 0]);
  });
});

describe('an answer in one piece', () => {
  const whole = (fields: FlightFields = {}) => aFlight({ stream: false, ...fields });

  it('is taken to have had its first token when that was foretold', () => {
    const load = loadWith(whole({ expectedTtftMs: 80 }));
    load.settle(79);
    expect(load.decodingRequests).toBe(0);
    load.settle(80);
    expect(load.decodingRequests).toBe(1);
  });

  it('is not ahead of a stream before it whose first token has not come', () => {
    const stream = aFlight();
    const load = loadWith(stream, whole());
    load.settle(1000);
    expect(load.prefillingRequests).toBe(2);
    load.firstToken(stream, 1000);
    load.settle(1001);
    expect(load.prefillingRequests).toBe(0);
  });

  it('is past its prompt when one dispatched later has its first token', () => {
    const later = aFlight();
    const load = loadWith(whole({ expectedTtftMs: 1e6 }), later, whole({ expectedTtftMs: 1e6 }));
    load.firstToken(later, 50);
    expect([load.decodingRequests, load.prefillingRequests]).toEqual([2, 1]);
  });
});

describe('what happened while a request generated', () => {
  it('is the mean of who else generated and what they held, and the prompts computed meanwhile', () => {
    const [mine, other] = [aFlight(), aFlight({ atMs: 100, prompt: 500, cached: 100 })];
    const load = loadWith(mine);
    load.firstToken(mine, 100);
    load.dispatched(other);
    load.firstToken(other, 200);
    load.ended(other, 250);
    load.settle(300);
    expect(load.mixSince(mine.atFirstToken!, 20)).toEqual({
      steps: 20,
      decodingRequests: 1 + 50 / 200,
      kvTokens: 1000 + (500 * 50) / 200,
      prompts: 1,
      prefillTokens: 400,
      prefillPairs: prefillPairs(400, 100),
    });
  });

  it('is itself alone where no time passed', () => {
    const mine = aFlight();
    const load = loadWith(mine);
    load.firstToken(mine, 100);
    expect(load.mixSince(mine.atFirstToken!, 20)).toMatchObject({ decodingRequests: 1, kvTokens: 0 });
  });
});

describe('the rate of prompts', () => {
  it('is that of lately', () => {
    const load = new InstanceLoad();
    for (let i = 1; i <= 100; i++) {
      const flight = aFlight({ atMs: i * 1000 - 500 });
      load.dispatched(flight);
      load.firstToken(flight, i * 1000);
    }
    expect(load.prefillTokensPerSecond(100_000) / 1000).toBeCloseTo(1.05, 1);
    expect(load.prefillTokensPerSecond(110_000) / 1000).toBeCloseTo(1.05 / Math.E, 1);
    expect(load.prefillTokensPerSecond(1e7)).toBeCloseTo(0);
  });
});
