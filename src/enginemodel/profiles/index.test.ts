import { describe, expect, it } from 'vitest';
import { stepTimeMs } from '../step-time.ts';
import { ENGINE_PROFILES, findProfile, UnknownProfileError } from './index.ts';

const decode = { decodes: 1, decodeKvTokens: 0, chunks: [] };
const chunk = (tokens: number, contextTokens = 0) => ({
  decodes: 0,
  decodeKvTokens: 0,
  chunks: [{ contextTokens, tokens }],
});

describe('the built-in profiles', () => {
  // Calibration targets: one decode, a chunk of 2048 tokens, and tokens per second of an 8k prompt in such chunks.
  it.each([
    ['llama-3-8b@h100', 9.3, 58, 31_700],
    ['llama-3-8b@a100', 11.1, 151, 12_200],
    ['llama-3-70b@h100x4', 24.9, 181, 10_900],
    ['llama-3-70b@h100x8', 15.5, 99, 19_900],
    ['llama-3-70b@a100x4', 30.6, 371, 5_200],
  ])(
    '%s: a decode takes %d ms, 2048 prompt tokens %d ms, 8k prompts run at %d tokens/s',
    (name, decodeMs, chunkMs, rate) => {
      const profile = findProfile(name);
      expect(Math.abs(stepTimeMs(profile, decode) - decodeMs)).toBeLessThanOrEqual(0.16);
      expect(Math.abs(stepTimeMs(profile, chunk(2048)) - chunkMs)).toBeLessThanOrEqual(1);
      const prefillMs = [0, 1, 2, 3].reduce((sum, i) => sum + stepTimeMs(profile, chunk(2048, i * 2048)), 0);
      expect(8192 / (prefillMs / 1000) / rate).toBeCloseTo(1, 1);
    },
  );

  it.each(ENGINE_PROFILES.map((profile) => [profile.name, profile] as const))(
    '%s is complete and says where its figures come from',
    (name, profile) => {
      expect(name).toBe(
        `${profile.model}@${profile.gpuType.toLowerCase()}${profile.gpuCount > 1 ? `x${profile.gpuCount}` : ''}`,
      );
      expect(profile.sources.length).toBeGreaterThanOrEqual(2);
      for (const value of Object.values(profile))
        if (typeof value === 'number') expect(value).toBeGreaterThan(0);
    },
  );

  it('lists every profile once', () => {
    expect(new Set(ENGINE_PROFILES.map(({ name }) => name)).size).toBe(ENGINE_PROFILES.length);
  });
});

describe('looking a profile up', () => {
  it('finds it in any case, with space around', () => {
    expect(findProfile(' Llama-3-8B@H100 ').name).toBe('llama-3-8b@h100');
  });

  it.each([
    ['llama-3-8b@h10', 'llama-3-8b@h100'],
    ['llama-3-8b', 'llama-3-8b@h100'],
    ['llama3-70b@a100x4', 'llama-3-70b@a100x4'],
    ['lama-3-70b@h100x8', 'llama-3-70b@h100x8'],
  ])('asks for %s: did you mean %s?', (asked, suggestion) => {
    const failure = thrownBy(() => findProfile(asked));
    expect(failure).toBeInstanceOf(UnknownProfileError);
    expect((failure as UnknownProfileError).suggestion).toBe(suggestion);
    expect((failure as UnknownProfileError).asked).toBe(asked);
  });

  it('names all there are', () => {
    const message = (thrownBy(() => findProfile('')) as Error).message;
    for (const { name } of ENGINE_PROFILES) expect(message).toContain(name);
  });
});

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}
