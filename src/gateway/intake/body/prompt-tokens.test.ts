import { describe, expect, it } from 'vitest';
import { DEFAULT_TOKEN_ESTIMATE, estimateTokens } from './prompt-tokens.ts';

const NOTHING = { textBytes: 0, messages: 0, attachments: 0, tokenIds: 0 };

describe('estimateTokens', () => {
  it.each([
    [{ ...NOTHING }, 1],
    [{ ...NOTHING, textBytes: 1 }, 1],
    [{ ...NOTHING, textBytes: 4 }, 1],
    [{ ...NOTHING, textBytes: 5 }, 2],
    [{ ...NOTHING, textBytes: 400, messages: 2 }, 106],
    [{ ...NOTHING, attachments: 2 }, 1152],
    [{ ...NOTHING, tokenIds: 7 }, 7],
    [{ textBytes: 40, messages: 1, attachments: 1, tokenIds: 5 }, 594],
  ])('of %j is %d', (size, tokens) => {
    expect(estimateTokens(size, DEFAULT_TOKEN_ESTIMATE)).toBe(tokens);
  });

  it('goes by the ratios that it is given', () => {
    const estimate = { bytesPerToken: 2.5, tokensPerAttachment: 100 };
    expect(estimateTokens({ ...NOTHING, textBytes: 25, attachments: 3 }, estimate)).toBe(310);
  });
});
