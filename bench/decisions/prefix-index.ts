/** How fast prompts are hashed, and the prefix index filled and asked. */

import { createInstance, createRequest, type RequestMetadata, seededRandom } from '../../src/domain/index.ts';
import { type InstanceView, PrefixIndex, prefixBlocksOfBytes } from '../../src/routing/index.ts';
import { InstanceRecord } from '../../src/scheduler/instance-record.ts';

const SAMPLES = 20_000;
const WARM_UP = 5_000;
/** Blocks of a prompt: 8,192 tokens; the system prompt, which every prompt begins with, is an eighth of it. */
const BLOCKS = 64;
const SHARED_BLOCKS = 8;
const BLOCK_TOKENS = 128;
const CONVERSATIONS = 4_000;

interface Row {
  readonly instances: number;
  readonly insertP50Micros: number;
  readonly insertP99Micros: number;
  readonly lookUpP50Micros: number;
  readonly lookUpP99Micros: number;
  readonly heldBlocks: number;
  readonly bytesPerHeldBlock: number;
}

const random = seededRandom(1);

/** The best of many rounds over a body of a megabyte. */
export function hashingMegabytesPerSecond(): number {
  const body = Uint8Array.from({ length: 2 ** 20 }, () => Math.floor(random.next() * 256));
  let best = 0;
  for (let i = 0; i < 30; i++) {
    const startMs = performance.now();
    prefixBlocksOfBytes(body, 0, body.length);
    best = Math.max(best, 1_048.576 / (performance.now() - startMs));
  }
  return Math.round(best);
}

export function measurePrefixIndex(instances: number): Row {
  const index = new PrefixIndex();
  const views: InstanceView[] = Array.from({ length: instances }, (_, i) => {
    const instance = createInstance({ id: `i${i}`, url: `http://i${i}.test`, models: ['m'] });
    index.onInstanceRegistered(instance);
    return new InstanceRecord(instance, i, 3_000);
  });
  const prompts = Array.from({ length: CONVERSATIONS }, (_, i) => aPrompt(`r${i}`));
  const any = <T>(of: readonly T[]): T => of[Math.floor(random.next() * of.length)]!;
  for (let i = 0; i < 20 * CONVERSATIONS; i++) index.onRequestDispatched(any(prompts), any(views).instance);
  const inserts = new Float64Array(SAMPLES);
  const lookUps = new Float64Array(SAMPLES);
  const tokens = new Float64Array(instances);
  for (let i = -WARM_UP; i < SAMPLES; i++) {
    const prompt = any(prompts);
    const { instance } = any(views);
    const startMs = performance.now();
    index.cachedTokensOfAll(prompt, views, tokens);
    const askedMs = performance.now();
    index.onRequestDispatched(prompt, instance);
    const toldMs = performance.now();
    if (i < 0) continue;
    lookUps[i] = (askedMs - startMs) * 1_000;
    inserts[i] = (toldMs - askedMs) * 1_000;
  }
  inserts.sort();
  lookUps.sort();
  return {
    instances,
    insertP50Micros: quantile(inserts, 0.5),
    insertP99Micros: quantile(inserts, 0.99),
    lookUpP50Micros: quantile(lookUps, 0.5),
    lookUpP99Micros: quantile(lookUps, 0.99),
    heldBlocks: index.heldBlocks,
    bytesPerHeldBlock: Math.round(index.bytes / index.heldBlocks),
  };
}

function aPrompt(id: string): RequestMetadata {
  const prefixBlocks = new Uint32Array(2 * BLOCKS);
  for (let i = 0; i < prefixBlocks.length; i++) {
    prefixBlocks[i] = i < 2 * SHARED_BLOCKS ? i * 2_654_435_761 : Math.floor(random.next() * 2 ** 32);
  }
  const promptTokens = BLOCKS * BLOCK_TOKENS;
  const fields = { id, model: 'm', arrivalMs: 0, promptTokens };
  return createRequest({ ...fields, prefixBlocks, prefixBlockTokens: BLOCK_TOKENS });
}

function quantile(sorted: Float64Array, share: number): number {
  return Number(sorted[Math.floor(share * (sorted.length - 1))]!.toFixed(2));
}
