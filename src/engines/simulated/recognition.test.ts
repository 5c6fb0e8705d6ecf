import { describe, expect, it, onTestFinished } from 'vitest';
import { createPageClient, recogniseEngine } from '../index.ts';
import { DIALECT_NAMES } from '../serving/index.ts';
import { startSimulatedEngine } from './index.ts';

describe('our own adapters', () => {
  it.each(DIALECT_NAMES)('take a simulated engine that shows itself as %s for one', async (dialect) => {
    const { url, close } = await startSimulatedEngine({ dialect, model: 'mine' });
    const client = createPageClient();
    onTestFinished(async () => {
      await client.close();
      await close();
    });
    expect(await recogniseEngine(url, { client })).toMatchObject({
      ok: true,
      kind: dialect,
      models: ['mine'],
      maxContextTokens: 131_072,
    });
  });
});
