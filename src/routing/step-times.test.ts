import { describe, expect, it } from 'vitest';
import { aPredictor, aView } from '../../test/builders.ts';
import type { LatencyPredictor, StepCoefficients } from '../domain/index.ts';
import { StepTimes } from './step-times.ts';

const STEP: StepCoefficients = {
  fixedMs: 2,
  weightsMs: 3,
  msPerToken: 4,
  msPerPair: 0.5,
  msPerKvToken: 0.25,
  msPerRequest: 0.1,
  maxBatchedTokens: 1,
};

/** A predictor that counts how often it is asked, and answers what `of` says. */
function counting(of: (id: string, model: string) => Partial<StepCoefficients> = () => ({})) {
  const asked: string[] = [];
  const predictor: LatencyPredictor = {
    ...aPredictor(),
    coefficients(id, model) {
      asked.push(`${id}/${model}`);
      return { ...STEP, ...of(id, model) };
    },
  };
  return { asked, predictor };
}

describe('step times', () => {
  it('are those of a full step, shared out among the tokens that are no decodes', () => {
    const times = new StepTimes();
    const view = aView('a', { work: { decodingRequests: 2, decodingKvTokens: 100 } });
    times.prepare(counting(() => ({ maxBatchedTokens: 12 })).predictor, 'm', [view], 0);
    const stepMs = 2 + Math.hypot(3, 4 * 12) + 0.25 * 100 + 0.1 * 3;
    expect(times.tokenMs(view)).toBeCloseTo(stepMs / 10, 12);
    expect(times.slopeMs(view)).toBe(4);
  });

  it('stay finite when decodes fill the step', () => {
    const times = new StepTimes();
    const view = aView('a', { work: { decodingRequests: 5 } });
    times.prepare(counting().predictor, 'm', [view], 0);
    expect(times.tokenMs(view)).toBeCloseTo(2 + 5 + 0.1 * 6, 12);
  });

  it('tell the attention of what is not held, and the time of an output token', () => {
    const times = new StepTimes();
    const view = aView('a', { work: { decodingRequests: 1, decodingKvTokens: 10 } });
    times.prepare(counting().predictor, 'm', [view], 0);
    expect(times.attentionMs(view, 10, 20)).toBe(0.5 * 10 * 25);
    expect(times.outputTokenMs(view, 30)).toBeCloseTo(2 + Math.hypot(3, 8) + 0.25 * 40 + 0.1 * 2, 12);
  });

  it('ask once in a while, not in each decision', () => {
    const times = new StepTimes();
    const { asked, predictor } = counting();
    const views = [aView('a', { slot: 0 }), aView('b', { slot: 1 })];
    for (const nowMs of [0, 100, 249]) times.prepare(predictor, 'm', views, nowMs);
    expect(asked).toEqual(['a/m', 'b/m']);
    times.prepare(predictor, 'm', views, 600);
    expect(asked).toHaveLength(4);
  });

  it('ask of all instances at once when what is known of one has moved far', () => {
    const times = new StepTimes();
    let msPerToken = 40;
    const { predictor } = counting(() => ({ msPerToken }));
    // By their slots, the second is asked of later than the first.
    const views = [aView('a', { slot: 0 }), aView('b', { slot: 15 })] as const;
    times.prepare(predictor, 'm', views, 0);
    msPerToken = 4;
    times.prepare(predictor, 'm', views, 260);
    expect(views.map((view) => times.slopeMs(view))).toEqual([4, 4]);
  });

  it('ask of all instances when one more comes, since the others may be told of long ago', () => {
    const times = new StepTimes();
    const { asked, predictor } = counting();
    const views = ['a', 'b', 'c'].map((id, slot) => aView(id, { slot }));
    times.prepare(predictor, 'm', views.slice(0, 2), 0);
    times.prepare(predictor, 'm', views, 10);
    expect(asked.toSorted()).toEqual(['a/m', 'a/m', 'b/m', 'b/m', 'c/m']);
  });

  it('keep models apart', () => {
    const times = new StepTimes();
    const { predictor } = counting((_id, model) => ({ msPerToken: model === 'large' ? 40 : 4 }));
    const view = aView('a');
    times.prepare(predictor, 'small', [view], 0);
    times.prepare(predictor, 'large', [view], 0);
    expect(times.slopeMs(view)).toBe(40);
    times.prepare(predictor, 'small', [view], 0);
    expect(times.slopeMs(view)).toBe(4);
  });

  it('are those of the instance that has the slot now', () => {
    const times = new StepTimes();
    const { predictor } = counting((id) => ({ msPerToken: id === 'slow' ? 40 : 4 }));
    const fast = aView('fast', { slot: 70 });
    const slow = aView('slow', { slot: 70 });
    times.prepare(predictor, 'm', [fast], 0);
    expect(times.slopeMs(fast)).toBe(4);
    times.prepare(predictor, 'm', [slow], 0);
    expect(times.slopeMs(slow)).toBe(40);
  });

  it('forget models rather than grow without bound', () => {
    const times = new StepTimes();
    const { asked, predictor } = counting();
    const view = aView('a');
    for (let i = 0; i < 300; i++) times.prepare(predictor, `m${i}`, [view], 0);
    times.prepare(predictor, 'm0', [view], 0);
    expect(asked.filter((name) => name === 'a/m0')).toHaveLength(2);
  });
});
