/** Signalbox's select API over the engines' own metrics. */

import { seededRandom } from '../../../src/domain/index.ts';
import { createSelectApi, createSelectServer, PoolTable } from '../../../src/sideband/index.ts';

export interface SignalboxOptions {
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

const SCRAPE_MS = 50;

export async function startSignalbox({
  engineUrls,
  port = 0,
  seed = 1,
}: SignalboxOptions): Promise<Signalbox> {
  const pools = new PoolTable();
  const pool = pools.ensure({ name: 'llm', partition: 'Common', engine: 'vllm', isFallback: false });
  const clock = { now: () => Date.now() };
  const members = engineUrls.map((url) => ({ ip: new URL(url).hostname, port: Number(new URL(url).port) }));
  pool.setMembers(members, clock.now());
  const look = async () => {
    for (const member of pool.members) {
      const text = await fetch(`http://${member.name}/metrics`).then(
        (r) => r.text(),
        () => '',
      );
      const read = (name: string) => Number(new RegExp(`^vllm:${name}\\S* (\\S+)$`, 'm').exec(text)?.[1]);
      const metrics = {
        waiting_queue: read('num_requests_waiting'),
        cache_usage: read('(?:gpu|kv)_cache_usage_perc'),
      };
      pool.record(member, { type: 'metrics', metrics, memory: member.memory }, clock.now());
    }
    pool.rescore(
      {
        name: 's1',
        waitingWeight: 0.5,
        cacheWeight: 0.5,
        runningWeight: 0,
        transitionPoint: 30,
        steepness: 1,
      },
      clock.now(),
    );
  };
  await look();
  const timer = setInterval(() => void look(), SCRAPE_MS);
  const api = createSelectApi({
    pools,
    clock,
    random: seededRandom(seed),
    freshness: () => ({ staleAfterMs: 5000, keepLastScore: false }),
  });
  const server = createSelectServer({ api, port });
  const url = await server.listen();
  return {
    port: Number(new URL(url).port),
    scores: () => pool.members.map(({ score }) => score),
    async close() {
      clearInterval(timer);
      await server.close();
    },
  };
}
