/** A simulated engine as a running server: for `signalbox engine`, the embedded fleet of `signalbox up`, and tests. */

import type { EngineProfile } from '../../enginemodel/index.ts';
import { findProfile } from '../../enginemodel/index.ts';
import type { DialectName, Fault } from '../serving/index.ts';
import { createEngineServer, FaultBoard } from '../serving/index.ts';
import { SimulatedEngine } from './simulated-engine.ts';

export type { SimulatedEngineOptions } from './simulated-engine.ts';
export { SimulatedEngine } from './simulated-engine.ts';

export interface StartSimulatedEngineOptions {
  /** A profile, or the name of a built-in one; `llama-3-8b@h100` by default. */
  readonly profile?: EngineProfile | string;
  /** Whose API it shows; vLLM's by default. */
  readonly dialect?: DialectName;
  /** The model name it serves; the profile's by default. */
  readonly model?: string;
  /** How many times faster than the modelled hardware. */
  readonly speed?: number;
  readonly seed?: number;
  /** 0, the default: a free one. */
  readonly port?: number;
  readonly host?: string;
  /** Faults that are on from the start. */
  readonly faults?: readonly Fault[];
}

export interface RunningSimulatedEngine {
  readonly url: string;
  readonly engine: SimulatedEngine;
  /** Faults can be added and removed while it runs. */
  readonly faults: FaultBoard;
  /** Lets requests in flight go on for `graceMs` (0 by default), then cuts them off. */
  close(graceMs?: number): Promise<void>;
}

export async function startSimulatedEngine(
  options: StartSimulatedEngineOptions = {},
): Promise<RunningSimulatedEngine> {
  const { dialect = 'vllm', port = 0, host = '127.0.0.1', faults: initial = [], ...rest } = options;
  const profile =
    typeof rest.profile === 'object' ? rest.profile : findProfile(rest.profile ?? 'llama-3-8b@h100');
  const engine = new SimulatedEngine({ ...rest, profile });
  const faults = new FaultBoard(initial);
  const server = createEngineServer({ engine, dialect, faults, slots: profile.maxSequences });
  const url = await server.listen({ port, host });
  return { url, engine, faults, close: (graceMs) => server.close(graceMs) };
}
