/** Embeddings from llama.cpp: of a model that also writes text, and of one that only embeds. */

import { describe, expect, it } from 'vitest';
import { openGgufEngine } from '../../src/engines/gguf/index.ts';
import type { TokenEngine } from '../../src/engines/serving/token-engine.ts';
import { complete, openTinyEngine, reasonToSkip, temporaryFile } from './fixture.ts';
import { tinyBertGguf } from './tiny-bert-gguf.ts';

const skip = (await reasonToSkip()) !== undefined;
const forever = new AbortController().signal;

async function openTinyBert(): Promise<TokenEngine> {
  return openGgufEngine({ file: await temporaryFile('bert.gguf', tinyBertGguf()) });
}

describe.skipIf(skip)('embeddings of a model that writes text', () => {
  it('have the length of the model’s vectors, norm 1, and count the real tokens', async () => {
    const engine = await openTinyEngine();
    const { embedding, promptTokens } = await engine.embed('Grüße', forever);
    expect(embedding).toHaveLength(64);
    expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
    expect(promptTokens).toBe(7);
  });

  it('are the same for the same text and differ for another, asked together or alone', async () => {
    const engine = await openTinyEngine();
    const alone = (await engine.embed('one', forever)).embedding;
    const [same, other] = await Promise.all([engine.embed('one', forever), engine.embed('two', forever)]);
    expect(same.embedding).toEqual(alone);
    expect(other.embedding).not.toEqual(alone);
  });

  it('can be made while text is being written, without changing it', async () => {
    const engine = await openTinyEngine();
    const expected = (await complete(engine)).text;
    const [answer] = await Promise.all([complete(engine), engine.embed('meanwhile', forever)]);
    expect(answer.text).toBe(expected);
  });

  it('are refused for a text longer than the context', async () => {
    const engine = await openTinyEngine({ contextTokens: 256 });
    await expect(engine.embed('x'.repeat(256), forever)).rejects.toMatchObject({
      status: 400,
      code: 'context_length_exceeded',
      message: 'The text to embed has 256 tokens; this engine takes at most 255.',
    });
    expect((await engine.embed('x'.repeat(255), forever)).promptTokens).toBe(255);
  });

  it('are refused for an empty text', async () => {
    const engine = await openTinyEngine();
    await expect(engine.embed('', forever)).rejects.toMatchObject({ status: 400, code: 'invalid_value' });
  });

  it('are not made for a client that is gone, and others are served after it', async () => {
    const engine = await openTinyEngine();
    const gone = engine.embed('gone', AbortSignal.abort(new Error('the client left')));
    const next = engine.embed('next', forever);
    await expect(gone).rejects.toThrow('the client left');
    expect((await next).promptTokens).toBe(4);
  });

  it('are refused once the engine closed', async () => {
    const engine = await openTinyEngine();
    await engine.embed('before', forever);
    await engine.close();
    await expect(engine.embed('after', forever)).rejects.toMatchObject({ status: 503 });
  });
});

describe.skipIf(skip)('a model that only embeds', () => {
  it('embeds', async () => {
    const engine = await openTinyBert();
    const { embedding } = await engine.embed('hello world', forever);
    expect(embedding).toHaveLength(32);
    expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
    await engine.close();
  });

  it('refuses to generate and has nothing to show of it', async () => {
    const engine = await openTinyBert();
    await expect(complete(engine)).rejects.toMatchObject({ status: 501, code: 'generation_not_supported' });
    expect(engine.gauges()).toMatchObject({ runningRequests: 0, kvCacheUsage: 0 });
    await engine.close();
  });
});
