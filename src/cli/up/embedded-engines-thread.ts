/** The thread on which the embedded simulated engines run. */

import { parentPort } from 'node:worker_threads';
import { type RunningSimulatedEngine, startSimulatedEngine } from '../../engines/simulated/index.ts';
import type { EmbeddedEngine, EmbeddedNews, EmbeddedOrder } from './embedded-engines.ts';

const running = new Map<string, Promise<RunningSimulatedEngine>>();

parentPort?.on('message', (order: EmbeddedOrder) => {
  if (order.type === 'start') void start(order.engine);
  else void stop(order.id, order.graceMs);
});

async function start({ id, ...options }: EmbeddedEngine): Promise<void> {
  const starting = startSimulatedEngine(options);
  running.set(id, starting);
  try {
    tell({ type: 'started', id, url: (await starting).url });
  } catch (error) {
    running.delete(id);
    tell({ type: 'failed', id, message: error instanceof Error ? error.message : String(error) });
  }
}

async function stop(id: string, graceMs: number): Promise<void> {
  const engine = await running.get(id);
  running.delete(id);
  await engine?.close(graceMs);
}

function tell(news: EmbeddedNews): void {
  parentPort?.postMessage(news);
}
