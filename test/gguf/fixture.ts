/** What the tests of the real engine share: models on disk, engines that are closed again, and whether llama.cpp runs here at all. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { type GgufEngine, type GgufEngineOptions, openGgufEngine } from '../../src/engines/gguf/index.ts';
import { loadLlamaBinding } from '../../src/engines/gguf/llama-binding.ts';
import type {
  GenerationEvent,
  GenerationRequest,
  TokenEngine,
} from '../../src/engines/serving/token-engine.ts';
import { type TinyGgufOptions, tinyGguf } from './tiny-gguf.ts';

/** Why the tests of the real engine cannot run on this platform; undefined where they can. Says so once on the console. */
export async function reasonToSkip(): Promise<string | undefined> {
  try {
    await loadLlamaBinding();
    return undefined;
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    console.warn(`Skipped, llama.cpp does not run here: ${reason}`);
    return reason;
  }
}

const directories: string[] = [];
const engines: TokenEngine[] = [];

afterAll(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.close()));
  await Promise.all(directories.splice(0).map((path) => rm(path, { recursive: true })));
});

/** Writes a file into a directory of its own that is removed after the tests. */
export async function temporaryFile(name: string, content: Uint8Array | string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-gguf-'));
  directories.push(directory);
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}

/** Serves a tiny random model; it is closed after the tests. */
export async function openTinyEngine(
  model: TinyGgufOptions = {},
  options: Omit<GgufEngineOptions, 'file'> = {},
): Promise<GgufEngine> {
  const file = await temporaryFile('tiny.gguf', tinyGguf(model));
  const engine = await openGgufEngine({ file, ...options });
  engines.push(engine);
  return engine;
}

export function aGeneration(overrides: Partial<GenerationRequest> = {}): GenerationRequest {
  return {
    id: 'test',
    model: 'tiny',
    promptText: 'Once upon a time',
    maxTokens: 24,
    temperature: 0,
    stop: [],
    ignoreEos: false,
    signal: new AbortController().signal,
    ...overrides,
  };
}

export interface Answer {
  readonly text: string;
  readonly events: readonly GenerationEvent[];
  readonly end: Extract<GenerationEvent, { type: 'end' }>;
}

/** Runs one generation to its end. */
export async function complete(
  engine: TokenEngine,
  overrides: Partial<GenerationRequest> = {},
): Promise<Answer> {
  const events: GenerationEvent[] = [];
  for await (const event of engine.generate(aGeneration(overrides))) events.push(event);
  const end = events.at(-1);
  if (end?.type !== 'end') throw new Error('The engine did not say how the generation ended.');
  const text = events.map((event) => (event.type === 'token' ? event.text : '')).join('');
  return { text, events, end };
}
