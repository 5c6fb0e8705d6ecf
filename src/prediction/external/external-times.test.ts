import { describe, expect, it } from 'vitest';
import { anInstance } from '../../../test/builders.ts';
import { ManualClock, type PredictedMs } from '../../domain/index.ts';
import type { RequestShape } from '../execution/execution-times.ts';
import { placeOf } from '../instance-class.ts';
import {
  type ExternalQuestion,
  ExternalTimes,
  type ExternalTimesParts,
  type ServiceNews,
} from './external-times.ts';

const place = placeOf(anInstance('a', { gpuType: 'H100' }), 'm');
const SHAPE: RequestShape = { uncachedTokens: 500, cachedTokens: 0, outputTokens: 100, batchSize: 4 };
const answer = (mean: number): PredictedMs => ({ mean, standardDeviation: 1 });

/** A service whose answers are given by hand. */
function asking(options: Partial<ExternalTimesParts> = {}) {
  const clock = new ManualClock(0);
  const questions: ExternalQuestion[] = [];
  const replies: { answer(given: unknown): void; fail(): void }[] = [];
  const news: ServiceNews[] = [];
  const ask = (question: ExternalQuestion) => {
    questions.push(question);
    return new Promise<PredictedMs>((resolve, reject) => {
      replies.push({
        answer: (given) => resolve(given as PredictedMs),
        fail: () => reject(new Error('connection refused')),
      });
    });
  };
  const times = new ExternalTimes({
    ask,
    clock,
    onNews: (each) => news.push(each),
    refreshMs: 1000,
    maxAgeMs: 5000,
    timeoutMs: 300,
    maxAsking: 2,
    maxAnswers: 3,
    ...options,
  });
  return { clock, questions, replies, times, news };
}

/** Lets promises that are settled be heard. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

async function answered(options: Partial<ExternalTimesParts> = {}) {
  const all = asking(options);
  all.times.of(SHAPE, place);
  await settled();
  all.replies[0]!.answer(answer(80));
  await settled();
  return all;
}

describe('while there is no answer', () => {
  it('nothing is known, and the service is asked once', async () => {
    const { times, questions } = asking();
    expect(times.of(SHAPE, place)).toBeUndefined();
    await settled();
    const traits = { model_type: 'm', model_name: 'm', hardware: 'H100', software_name: 'openai' };
    expect(questions).toEqual([{ ...SHAPE, place: { ...traits, software_version: 'unknown' } }]);
  });

  it('no more questions are open than allowed', async () => {
    const { times, questions } = asking();
    for (const uncachedTokens of [10, 100, 1000, 10_000]) times.of({ ...SHAPE, uncachedTokens }, place);
    await settled();
    expect(questions.map(({ uncachedTokens }) => uncachedTokens)).toEqual([10, 100]);
  });
});

describe('an answer', () => {
  it('is used for its question and those close to it', async () => {
    const { times, questions } = await answered();
    expect(times.of(SHAPE, place)).toEqual(answer(80));
    expect(times.of({ ...SHAPE, uncachedTokens: 505 }, place)).toEqual(answer(80));
    expect(times.of({ ...SHAPE, uncachedTokens: 5000 }, place)).toBeUndefined();
    await settled();
    expect(questions.length).toBe(2);
  });

  it('that grows old is asked for anew and used meanwhile', async () => {
    const { times, clock, questions, replies } = await answered();
    clock.advance(1001);
    expect(times.of(SHAPE, place)?.mean).toBe(80);
    await settled();
    expect(questions.length).toBe(2);
    replies[1]!.answer(answer(90));
    await settled();
    expect(times.of(SHAPE, place)?.mean).toBe(90);
  });

  it('that is too old is not used', async () => {
    const { times, clock } = await answered();
    clock.advance(5001);
    expect(times.of(SHAPE, place)).toBeUndefined();
  });

  it('that was used longest ago is forgotten first', async () => {
    const { times, replies } = await answered();
    for (const [index, uncachedTokens] of [10_000, 20_000, 40_000].entries()) {
      times.of({ ...SHAPE, uncachedTokens }, place);
      await settled();
      replies[index + 1]!.answer(answer(100 + index));
      await settled();
      if (index < 2) times.of(SHAPE, place);
    }
    expect(times.of(SHAPE, place)?.mean).toBe(80);
    expect(times.of({ ...SHAPE, uncachedTokens: 10_000 }, place)).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['a text', 'soon'],
    ['a time below zero', answer(-5)],
    ['a time that is no number', { mean: '5', standardDeviation: 0 }],
    ['a spread below zero', { mean: 5, standardDeviation: -1 }],
    ['a p80 that is no number', { ...answer(5), p80: Number.NaN }],
  ])('of %s counts as a failure', async (_, given) => {
    const { times, replies, questions } = asking();
    times.of(SHAPE, place);
    await settled();
    replies[0]!.answer(given);
    await settled();
    expect(times.of(SHAPE, place)).toBeUndefined();
    await settled();
    expect(questions.length).toBe(1);
  });
});

describe('a service that fails', () => {
  it('is left alone, for longer each time', async () => {
    const { times, clock, questions, replies } = asking();
    const restedMs: number[] = [];
    for (let failure = 0; failure < 4; failure++) {
      times.of(SHAPE, place);
      await settled();
      replies[failure]!.fail();
      await settled();
      const fromMs = clock.now();
      while (questions.length === failure + 1) {
        clock.advance(250);
        times.of(SHAPE, place);
        await settled();
      }
      restedMs.push(clock.now() - fromMs);
    }
    expect(restedMs).toEqual([1000, 2000, 4000, 8000]);
  });

  it('by throwing is no different', async () => {
    const { times } = asking({
      ask: () => {
        throw new Error('no address');
      },
    });
    expect(times.of(SHAPE, place)).toBeUndefined();
    await settled();
    expect(times.of(SHAPE, place)).toBeUndefined();
  });

  it('by never answering does not keep others from being asked for ever', async () => {
    const { times, clock, questions } = asking({ maxAsking: 1 });
    times.of(SHAPE, place);
    await settled();
    clock.advance(299);
    times.of({ ...SHAPE, uncachedTokens: 5000 }, place);
    await settled();
    expect(questions.length).toBe(1);
    clock.advance(1);
    times.of({ ...SHAPE, uncachedTokens: 5000 }, place);
    clock.advance(1000);
    times.of({ ...SHAPE, uncachedTokens: 5000 }, place);
    await settled();
    expect(questions.length).toBe(2);
  });

  it('and is well again is asked at once', async () => {
    const { times, clock, replies, questions } = asking();
    times.of(SHAPE, place);
    await settled();
    clock.advance(300);
    times.of({ ...SHAPE, uncachedTokens: 5000 }, place);
    replies[0]!.answer(answer(70));
    await settled();
    expect(times.of(SHAPE, place)?.mean).toBe(70);
    times.of({ ...SHAPE, uncachedTokens: 5000 }, place);
    await settled();
    expect(questions.length).toBe(2);
  });
});

describe('a service that does not know', () => {
  it('is not asked the same again and again, and has not failed', async () => {
    const { times, replies, questions, news } = asking();
    times.of(SHAPE, place);
    await settled();
    replies[0]!.answer(undefined);
    await settled();
    expect(times.of(SHAPE, place)).toBeUndefined();
    times.of({ ...SHAPE, uncachedTokens: 5000 }, place);
    await settled();
    expect(questions.map(({ uncachedTokens }) => uncachedTokens)).toEqual([500, 5000]);
    expect(news).toEqual([]);
  });
});

describe('the news', () => {
  it('is told once when it stops answering, and once when it answers again', async () => {
    const { times, clock, replies, news } = asking();
    for (const mean of [undefined, undefined, 5, 6]) {
      times.of(SHAPE, place);
      await settled();
      if (mean === undefined) replies.at(-1)!.fail();
      else replies.at(-1)!.answer(answer(mean));
      await settled();
      clock.advance(3000);
    }
    expect(news).toEqual([{ isAnswering: false, reason: 'connection refused' }, { isAnswering: true }]);
  });

  it('tells of silence, too', async () => {
    const { times, clock, news } = asking();
    times.of(SHAPE, place);
    await settled();
    clock.advance(300);
    times.of({ ...SHAPE, uncachedTokens: 5000 }, place);
    expect(news).toEqual([{ isAnswering: false, reason: 'no answer within 300 ms' }]);
  });
});
