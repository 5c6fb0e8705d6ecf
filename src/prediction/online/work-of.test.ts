import { describe, expect, it } from 'vitest';
import type { ForecastFacts } from '../../domain/index.ts';
import { StepWork } from './step-work.ts';
import { addDecodeStep, addDecodeWork, addPrefillWork, type DecodeMix, prefillPairs } from './work-of.ts';

/** Reads one feature of the work: how much of it there is when its coefficient alone is 1. */
const FEATURES = ['steps', 'tokens', 'pairs', 'kv', 'overheads'] as const;
const AT = { steps: 0, tokens: 2, pairs: 3, kv: 4, overheads: 5 } as const;

function featuresOf(fill: (work: StepWork) => void): Record<(typeof FEATURES)[number], number> {
  const work = new StepWork();
  fill(work);
  const entries = FEATURES.map((name) => [name, work.timeMs(new Float64Array(6).fill(0).with(AT[name], 1))]);
  return Object.fromEntries(entries);
}

const idle: ForecastFacts = {
  instanceId: 'a',
  model: 'm',
  uncachedTokens: 1000,
  cachedTokens: 0,
  queuedPrefillTokens: 0,
  decodingRequests: 0,
  kvTokens: 0,
};

const prefill = (fields: Partial<ForecastFacts>) =>
  featuresOf((work) => addPrefillWork(work, { ...idle, ...fields }, 2048));

describe('up to the first token', () => {
  it.each<[string, Partial<ForecastFacts>, Partial<ReturnType<typeof prefill>>]>([
    ['one step for a prompt within the budget', {}, { steps: 1, tokens: 1000, overheads: 1 }],
    ['as many steps as the budget asks for', { uncachedTokens: 5000 }, { steps: 3, tokens: 5000 }],
    ['one step for a prompt as long as the budget', { uncachedTokens: 2048 }, { steps: 1, tokens: 2048 }],
    ['the prompts ahead first', { queuedPrefillTokens: 3000 }, { steps: 2, tokens: 4000 }],
    ['half a step of those who generate', { decodingRequests: 10 }, { steps: 1.5, tokens: 1010 + 5 }],
    [
      'no such half step where a prompt is in the step already',
      { decodingRequests: 10, queuedPrefillTokens: 500 },
      { steps: 1, tokens: 1510 },
    ],
    ['less room where many generate', { uncachedTokens: 2048, decodingRequests: 48 }, { steps: 2.5 }],
    ['some room however many generate', { uncachedTokens: 128, decodingRequests: 4000 }, { steps: 1.5 }],
    ['at least one token', { uncachedTokens: 0, cachedTokens: 500 }, { steps: 1, tokens: 1, pairs: 0 }],
    ['the KV read in every step', { kvTokens: 900, uncachedTokens: 5000 }, { kv: 2700 }],
  ])('there is %s', (_, facts, wanted) => {
    expect(prefill(facts)).toMatchObject(wanted);
  });

  it('its pairs are its own and those of the prompts ahead', () => {
    const own = prefillPairs(1000, 200);
    expect(own).toBe(1000 * 700);
    expect(prefill({ cachedTokens: 200 }).pairs).toBe(own);
    expect(prefill({ cachedTokens: 200, queuedPrefillTokens: 9, queuedPrefillPairs: 77 }).pairs).toBe(
      own + 77,
    );
  });

  it('prompts ahead of unknown lengths are taken to be as long as this one', () => {
    const queued = { queuedPrefillTokens: 3000 };
    expect(prefill(queued).pairs).toBe(1000 * 500 + 3000 * 500);
    expect(prefill({ queuedPrefillTokens: 100 }).pairs).toBe(1000 * 500 + 100 * 50);
  });
});

describe('between the first token and the last', () => {
  const alone: DecodeMix = {
    steps: 100,
    decodingRequests: 4,
    kvTokens: 5000,
    prefillTokens: 0,
    prefillPairs: 0,
    prompts: 0,
  };
  const decode = (fields: Partial<DecodeMix>) =>
    featuresOf((work) => addDecodeWork(work, { ...alone, ...fields }, 2048));

  it('every step has a token of each who generates', () => {
    expect(decode({})).toEqual({ steps: 100, tokens: 400, pairs: 0, kv: 500_000, overheads: 0 });
  });

  it('prompts of others share some of the steps, and add none', () => {
    const mixed = decode({ prompts: 2, prefillTokens: 3000, prefillPairs: 9 });
    expect(mixed).toMatchObject({ steps: 100, tokens: 400 + 3000, pairs: 9 });
  });

  it('prompts beyond what the steps can hold fill them all', () => {
    expect(decode({ steps: 3, prompts: 10, prefillTokens: 6000 })).toMatchObject({ steps: 3, tokens: 6012 });
  });
});

it('a step of decoding counts the request that is asked about', () => {
  const facts = { ...idle, decodingRequests: 3, kvTokens: 100, cachedTokens: 50 };
  expect(featuresOf((work) => addDecodeStep(work, facts))).toMatchObject({ steps: 1, tokens: 4, kv: 1150 });
});
