/** Simulated engines beside the gateway: on a thread of their own, so that they take nothing from its event loop. */

import { Worker } from 'node:worker_threads';
import type { SimulatedInstanceConfig } from '../../config/index.ts';

export interface EmbeddedEngine {
  readonly id: string;
  readonly profile: string;
  readonly model?: string;
  readonly dialect: SimulatedInstanceConfig['dialect'];
  readonly speed: number;
  readonly seed: number;
}

/** To the thread. */
export type EmbeddedOrder =
  | { readonly type: 'start'; readonly engine: EmbeddedEngine }
  | { readonly type: 'stop'; readonly id: string; readonly graceMs: number };

/** From the thread. */
export type EmbeddedNews =
  | { readonly type: 'started'; readonly id: string; readonly url: string }
  | { readonly type: 'failed'; readonly id: string; readonly message: string };

interface Running {
  readonly engine: EmbeddedEngine;
  readonly url: Promise<string>;
  settle(news: EmbeddedNews): void;
}

/** How long requests on an engine that is taken away may go on. */
const GRACE_MS = 60_000;

export class EmbeddedEngines {
  readonly #running = new Map<string, Running>();
  #worker: Worker | undefined;

  /** Makes these the running engines, and returns their addresses by id once all of them listen. */
  async replace(wanted: readonly EmbeddedEngine[]): Promise<ReadonlyMap<string, string>> {
    const byId = new Map(wanted.map((engine) => [engine.id, engine]));
    for (const [id, running] of this.#running) {
      const engine = byId.get(id);
      if (engine === undefined || JSON.stringify(engine) !== JSON.stringify(running.engine)) this.#stop(id);
    }
    for (const engine of wanted) if (!this.#running.has(engine.id)) this.#start(engine);
    const urls = [...this.#running].map(async ([id, { url }]) => [id, await url] as const);
    return new Map(await Promise.all(urls));
  }

  async close(): Promise<void> {
    this.#running.clear();
    await this.#worker?.terminate();
    this.#worker = undefined;
  }

  #start(engine: EmbeddedEngine): void {
    const { promise: url, resolve, reject } = Promise.withResolvers<string>();
    const settle = (news: EmbeddedNews): void => {
      if (news.type === 'started') resolve(news.url);
      else reject(new Error(`simulated engine ${news.id}: ${news.message}`));
    };
    this.#running.set(engine.id, { engine, url, settle });
    this.#tell({ type: 'start', engine });
  }

  #stop(id: string): void {
    this.#running.delete(id);
    this.#tell({ type: 'stop', id, graceMs: GRACE_MS });
  }

  #tell(order: EmbeddedOrder): void {
    this.#worker ??= this.#open();
    this.#worker.postMessage(order);
  }

  #open(): Worker {
    // Beside this file it has the same extension, as source and as built.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const worker = new Worker(new URL(`./embedded-engines-thread.${extension}`, import.meta.url));
    worker.on('message', (news: EmbeddedNews) => this.#running.get(news.id)?.settle(news));
    worker.on('error', (error) => {
      for (const [id, { settle }] of this.#running) settle({ type: 'failed', id, message: error.message });
      this.#running.clear();
      this.#worker = undefined;
    });
    return worker;
  }
}
