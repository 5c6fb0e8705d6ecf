import { describe, expect, it } from 'vitest';
import { aDecision, aRecord } from './__fixtures__/builders.ts';
import { predictionOutcome } from './prediction-outcome.ts';

const ARRIVAL_MS = Date.UTC(2026, 0, 1);
const PREDICTED = { mean: 100, standardDeviation: 20, p80: 120 };

/** Dispatched 30 ms after its arrival, first byte 150 ms after its arrival. */
const dispatched = (predictedTtftMs: typeof PREDICTED | undefined = PREDICTED) =>
  aDecision({ atMs: ARRIVAL_MS + 30, ...(predictedTtftMs !== undefined && { predictedTtftMs }) });
const answered = (fields: Parameters<typeof aRecord>[0] = {}) =>
  aRecord({ arrivalMs: ARRIVAL_MS, ttftMs: 150, ...fields });
const compare = (fields?: Parameters<typeof aRecord>[0], decision = dispatched()) =>
  predictionOutcome({ decision, tookMicros: 1, outcome: answered(fields) });

describe('a prediction and what then happened', () => {
  it('are both counted from the dispatch, not from the arrival', () => {
    expect(compare()).toEqual({ actualMs: 120, errorMs: 20, isWithinP80: true });
  });

  it.each([
    [149, true],
    [150, true],
    [151, false],
  ])('for a first byte after %d ms, within p80 is %s', (ttftMs, isWithinP80) => {
    expect(compare({ ttftMs })?.isWithinP80).toBe(isWithinP80);
  });

  it('say nothing of p80 where none was predicted', () => {
    const decision = aDecision({ atMs: ARRIVAL_MS, predictedTtftMs: { mean: 100, standardDeviation: 1 } });
    expect(compare({}, decision)).toEqual({ actualMs: 150, errorMs: 50 });
  });

  it('are compared for a caller that left in the middle of the answer', () => {
    expect(compare({ outcome: 'cancelled' })).toBeDefined();
  });

  it.each([
    ['a request that failed', { outcome: 'failed' }],
    ['a request that was tried again', { decisionId: 'decision-2' }],
    ['an answer in one piece', { stream: false }],
  ] as const)('are not compared for %s', (_what, fields) => {
    expect(compare(fields)).toBeUndefined();
  });

  it('are not compared while there is no first byte, no end, or no prediction', () => {
    const { ttftMs: _, ...silent } = answered();
    expect(predictionOutcome({ decision: dispatched(), tookMicros: 1, outcome: silent })).toBeUndefined();
    expect(predictionOutcome({ decision: dispatched(), tookMicros: 1 })).toBeUndefined();
    expect(predictionOutcome({ decision: aDecision(), tookMicros: 1, outcome: answered() })).toBeUndefined();
  });
});
