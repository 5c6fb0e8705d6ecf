import { describe, expect, it } from 'vitest';
import { aRequest } from '../../../test/builders.ts';
import type { CompletionFacts, RequestMetadata } from '../../domain/index.ts';
import { hasSlo, metSlo } from './slo.ts';

const FACTS: CompletionFacts = { latencyMs: 1000, queueMs: 100, ttftMs: 200 };
const STREAMED: CompletionFacts = { ...FACTS, tpotMs: 10, outputTokens: 71 };

describe('a request has an SLO', () => {
  it.each<[boolean, Partial<RequestMetadata>]>([
    [false, {}],
    [true, { deadlineMs: 5 }],
    [true, { ttftSloMs: 5 }],
    [true, { tpotSloMs: 5 }],
  ])('%s: %j', (wanted, fields) => {
    expect(hasSlo(aRequest(fields))).toBe(wanted);
  });
});

describe('it was met', () => {
  it.each<[boolean, Partial<RequestMetadata>, CompletionFacts]>([
    [true, {}, FACTS],
    [true, { deadlineMs: 1500 }, FACTS],
    [false, { deadlineMs: 1499 }, FACTS],
    [true, { ttftSloMs: 300 }, FACTS],
    [false, { ttftSloMs: 299 }, FACTS],
    [true, { tpotSloMs: 10 }, STREAMED],
    [false, { tpotSloMs: 9 }, STREAMED],
    [false, { deadlineMs: 1500, ttftSloMs: 400, tpotSloMs: 9 }, STREAMED],
    // What was not seen is not held against it.
    [true, { tpotSloMs: 1 }, FACTS],
    [true, { ttftSloMs: 1 }, { latencyMs: 1000, queueMs: 100 }],
    // 1,000 − 70 · 10 ms: 300 from arrival, though 200 from the last dispatch and 50 in the queue.
    [false, { ttftSloMs: 280 }, { ...STREAMED, queueMs: 50 }],
  ])('%s: %j', (wanted, fields, facts) => {
    expect(metSlo(aRequest({ arrivalMs: 500, ...fields }), facts)).toBe(wanted);
  });
});
