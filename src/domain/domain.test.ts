import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterFailureOn,
  asSignalboxError,
  createInstance,
  createRequest,
  ERROR_KINDS,
  lowerPriority,
  ManualClock,
  parsePriority,
  priorityRank,
  REQUEST_PRIORITIES,
  randomIndex,
  SignalboxError,
  seededRandom,
  servesModel,
  tokenFootprint,
  toOpenAiError,
} from './index.ts';

describe('priorities', () => {
  it('rank from CRITICAL to BACKGROUND', () => {
    expect(REQUEST_PRIORITIES.map(priorityRank)).toEqual([0, 1, 2, 3, 4]);
  });

  it.each([
    ['high', 'HIGH'],
    [' Critical ', 'CRITICAL'],
    ['BACKGROUND', 'BACKGROUND'],
    ['urgent', undefined],
    ['', undefined],
    ['constructor', undefined],
  ])('reads "%s" as %s', (text, expected) => {
    expect(parsePriority(text)).toBe(expected);
  });

  it('gives the less important of two', () => {
    expect(lowerPriority('HIGH', 'LOW')).toBe('LOW');
    expect(lowerPriority('BACKGROUND', 'CRITICAL')).toBe('BACKGROUND');
  });
});

describe('a request', () => {
  const request = createRequest({ id: 'r', model: 'm', arrivalMs: 5, promptTokens: 10, maxTokens: 7 });

  it('is frozen, and has defaults for what was left out', () => {
    expect(Object.isFrozen(request)).toBe(true);
    expect(request).toMatchObject({
      kind: 'chat',
      stream: false,
      priority: 'NORMAL',
      retries: 0,
      failedInstances: [],
    });
  });

  it('may come to occupy its prompt and the answer asked for', () => {
    expect(tokenFootprint(request)).toBe(17);
    expect(tokenFootprint(createRequest({ id: 'r', model: 'm', arrivalMs: 0, promptTokens: 3 }))).toBe(3);
  });

  it('remembers who failed it, in a new record', () => {
    const again = afterFailureOn(afterFailureOn(request, 'a'), 'b');
    expect(again).toMatchObject({ id: 'r', arrivalMs: 5, retries: 2, failedInstances: ['a', 'b'] });
    expect(request.retries).toBe(0);
  });
});

describe('an instance', () => {
  it('is frozen, and has defaults for what was left out', () => {
    const instance = createInstance({ id: 'a', url: 'http://a.test' });
    expect(Object.isFrozen(instance)).toBe(true);
    expect(instance).toMatchObject({
      engine: 'openai',
      role: 'both',
      gpuCount: 1,
      maxConcurrency: 256,
      weight: 1,
    });
  });

  it('serves its models and its adapters', () => {
    const instance = createInstance({ id: 'a', url: 'http://a.test', models: ['m'], adapters: ['lora'] });
    expect(['m', 'lora', 'x'].map((name) => servesModel(instance, name))).toEqual([true, true, false]);
  });
});

describe('a manual clock', () => {
  it('stands until it is moved', () => {
    const clock = new ManualClock(10);
    clock.advance(5);
    clock.moveTo(20);
    expect(clock.now()).toBe(20);
  });

  it.each([9, Number.NaN])('refuses to move to %s', (atMs) => {
    expect(() => new ManualClock(10).moveTo(atMs)).toThrow('clock at 10 ms cannot move');
  });
});

describe('seeded chance', () => {
  const draws = (seed: number, count = 5): number[] => {
    const random = seededRandom(seed);
    return Array.from({ length: count }, () => random.next());
  };

  it('repeats itself with the same seed and differs with another', () => {
    expect(draws(42)).toEqual(draws(42));
    expect(draws(42)).not.toEqual(draws(43));
  });

  it('is even over [0, 1)', () => {
    const counts = new Array<number>(10).fill(0);
    for (const draw of draws(7, 20_000)) counts[Math.floor(draw * 10)]!++;
    // Five standard deviations of a binomial count with n = 20,000 and p = 0.1.
    for (const count of counts) expect(Math.abs(count - 2_000)).toBeLessThan(5 * Math.sqrt(1_800));
  });

  it('gives whole numbers below the count', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 1_000 }), (seed, count) => {
        const index = randomIndex(seededRandom(seed), count);
        expect(Number.isInteger(index) && index >= 0 && index < count).toBe(true);
      }),
    );
  });
});

describe('errors', () => {
  it('carry status, type and retryability of their code', () => {
    const error = new SignalboxError('queue_full', 'Full.', { retryAfterMs: 2_000 });
    expect(error).toMatchObject({
      status: 429,
      type: 'rate_limit_error',
      retryable: true,
      retryAfterMs: 2_000,
    });
  });

  it('are shown in the shape of OpenAI', () => {
    const error = new SignalboxError('invalid_value', 'Wrong.', { param: 'messages[0]' });
    expect(toOpenAiError(error)).toEqual({
      error: {
        message: 'Wrong.',
        type: 'invalid_request_error',
        param: 'messages[0]',
        code: 'invalid_value',
      },
    });
    expect(toOpenAiError(new SignalboxError('shed', 'x')).error.param).toBeNull();
  });

  it('do not tell callers what was not foreseen', () => {
    const secret = new TypeError('password is hunter2');
    const error = asSignalboxError(secret);
    expect(error).toMatchObject({ code: 'internal_error', status: 500, cause: secret });
    expect(JSON.stringify(toOpenAiError(error))).not.toContain('hunter2');
    expect(asSignalboxError(error)).toBe(error);
  });

  it.each(Object.entries(ERROR_KINDS))('%s has a status that fits its type', (_, { status, type }) => {
    const isServers = type === 'server_error' || (type === 'timeout_error' && status === 504);
    expect(status >= 500).toBe(isServers);
  });
});
