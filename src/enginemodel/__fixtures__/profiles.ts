/** Profiles and drivers for tests. */

import { EngineModel, type EngineModelOptions } from '../engine-model.ts';
import type { EngineModelEvent } from '../events.ts';
import type { EngineProfile } from '../profile.ts';
import type { ModelRequest } from '../sequence.ts';

/** Every step takes exactly 10 ms, and the KV cache holds 64 blocks of 16. */
export function aProfile(changes: Partial<EngineProfile> = {}): EngineProfile {
  return {
    name: 'test@test',
    model: 'test',
    gpuType: 'none',
    gpuCount: 1,
    fixedMs: 0,
    weightReadMs: 10,
    linearMsPerToken: 0,
    prefillMsPerPair: 0,
    decodeMsPerKvToken: 0,
    perRequestMs: 0,
    kvCacheTokens: 1024,
    maxModelTokens: 100_000,
    maxBatchedTokens: 2048,
    maxSequences: 256,
    sources: [],
    ...changes,
  };
}

export function aModel(
  changes: Partial<EngineProfile> = {},
  options: Partial<EngineModelOptions> = {},
): EngineModel {
  return new EngineModel(aProfile(changes), options);
}

export function aRequest(changes: Partial<ModelRequest> & { readonly id: string }): ModelRequest {
  return { promptTokens: 16, outputTokens: 4, ...changes };
}

/** Runs until there is nothing left to do. */
export function drain(model: EngineModel): EngineModelEvent[] {
  const events: EngineModelEvent[] = [];
  for (let atMs = model.nextEventMs(); atMs !== Infinity; atMs = model.nextEventMs()) {
    events.push(...model.advance(atMs));
  }
  return events;
}

/** Events as one line each, for literal expectations: `30 finished a`. */
export function lines(events: readonly EngineModelEvent[]): string[] {
  return events.map((event) => {
    const who = event.type === 'tokens' ? event.ids.join(' ') : event.id;
    return `${Number(event.atMs.toFixed(6))} ${event.type} ${who}`;
  });
}
