import { describe, expect, it } from 'vitest';
import { anInstance, aPredictor, aRequest } from '../../test/builders.ts';
import type { ForecastFacts } from '../domain/index.ts';
import { IdlePrefill } from './idle-prefill.ts';

/** A millisecond per token at `fast*`, two elsewhere, with a tenth of it as standard deviation. */
function knowing(...ids: string[]) {
  const asked: ForecastFacts[] = [];
  const ttft = (facts: ForecastFacts) => {
    asked.push(facts);
    const mean = facts.uncachedTokens * (facts.instanceId.startsWith('fast') ? 1 : 2);
    return { mean, standardDeviation: mean / 10 };
  };
  const idle = new IdlePrefill({ ...aPredictor(), ttft });
  const add = (id: string) => idle.onInstanceRegistered(anInstance(id, { gpuType: id.replace(/\d/, '') }));
  ids.forEach(add);
  return { idle, asked };
}

const prompt = aRequest({ promptTokens: 1_000 });

describe('the least time to a first token', () => {
  it('is that of the fastest kind of instance, less what is uncertain of it', () => {
    expect(knowing('slow', 'fast').idle.leastMs(prompt, 0)).toBe(900);
    expect(knowing('slow').idle.leastMs(prompt, 0)).toBe(1_800);
  });

  it('leaves out what is held of the prompt, but for one token', () => {
    expect(knowing('fast').idle.leastMs(prompt, 600)).toBe(360);
    expect(knowing('fast').idle.leastMs(prompt, 1_000)).toBeCloseTo(0.9);
  });

  it('is asked of one instance of each kind, alone', () => {
    const { idle, asked } = knowing('fast1', 'fast2', 'slow1');
    idle.leastMs(prompt, 0);
    expect(asked.map(({ instanceId }) => instanceId)).toEqual(['fast1', 'slow1']);
    expect(asked[0]).toMatchObject({ queuedPrefillTokens: 0, decodingRequests: 0, kvTokens: 0 });
  });

  it('forgets instances that go, or that serve something else now', () => {
    const { idle } = knowing('fast1', 'fast2', 'slow');
    idle.onInstanceRemoved('fast1');
    expect(idle.leastMs(prompt, 0)).toBe(900);
    idle.onInstanceRegistered(anInstance('fast2', { models: ['other'] }));
    expect(idle.leastMs(prompt, 0)).toBe(1_800);
    idle.onInstanceRemoved('slow');
    idle.onInstanceRemoved('never there');
    expect(idle.leastMs(prompt, 0)).toBe(0);
  });
});
