/** Signalbox as the example's pools configure it: the select API over what the engines' own metrics say. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadF5File } from '../../../src/discovery/f5/index.ts';
import { seededRandom } from '../../../src/domain/index.ts';
import { SYSTEM_TIMERS } from '../../../src/engines/index.ts';
import { createF5Sideband, type SidebandLog } from '../../../src/sideband/index.ts';
import { eventually } from '../../bad-input/support/eventually.ts';
import { exampleText } from './example.ts';

export interface SignalboxOptions {
  /** Three of them, as in the example. */
  readonly engineUrls: readonly string[];
  /** 0, the default: a free one. */
  readonly port?: number;
  readonly seed?: number;
}

export interface Signalbox {
  readonly port: number;
  /** Each engine's score, in the engines' order. */
  scores(): readonly number[];
  close(): Promise<void>;
}

const SILENT: SidebandLog = { debug() {}, info() {}, warn() {}, error() {} };

/** Resolves once every engine has been scored. */
export async function startSignalbox(options: SignalboxOptions): Promise<Signalbox> {
  const { engineUrls, port = 0, seed = 1 } = options;
  const sideband = createF5Sideband({
    loaded: await loadExample(engineUrls),
    log: SILENT,
    listener: { port },
    surroundings: {
      clock: { now: () => Date.now() },
      timers: SYSTEM_TIMERS,
      random: seededRandom(seed),
    },
  });
  const url = await sideband.start();
  const members = () => sideband.pools.get('llm', 'Common')?.members ?? [];
  await eventually(() => {
    const scored = members().filter(({ scoredAtMs }) => scoredAtMs !== undefined);
    if (scored.length < engineUrls.length) throw new Error(`scored ${scored.length} engines so far`);
  });
  return {
    port: Number(new URL(url!).port),
    scores: () => members().map(({ score }) => score),
    close: () => sideband.close(),
  };
}

async function loadExample(engineUrls: readonly string[]) {
  const hosts = engineUrls.map((url, index) => [`127.0.0.1:${8001 + index}`, new URL(url).host]);
  const folder = await mkdtemp(join(tmpdir(), 'pools-'));
  try {
    const path = join(folder, 'pools.yaml');
    await writeFile(path, exampleText('pools.yaml', Object.fromEntries(hosts)));
    return await loadF5File(path);
  } finally {
    await rm(folder, { recursive: true });
  }
}
