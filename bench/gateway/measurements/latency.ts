/** What a contender adds to the time of a request when nothing else is going on. */

import { type Bench, orSkip } from './bench.ts';

/** Rounds of every contender take turns, since the machine's own speed drifts; a first round only warms up. */
export async function measureLatency(bench: Bench): Promise<void> {
  const { settings, rig, rows, say } = bench;
  const { latencyRounds, latencyRequests } = settings;
  say(`added latency, one request at a time, ${latencyRounds} rounds of ${latencyRequests}`);
  const failed = new Set<string>();
  for (let round = 0; round <= latencyRounds; round += 1) {
    for (const contender of bench.contenders) {
      const { name, url, headers } = contender;
      if (failed.has(name)) continue;
      failed.add(name);
      await orSkip(bench, contender, 'latency', async () => {
        const target = { url, headers };
        const { p50Ms, p99Ms } = await rig.ask('roundTrips', { target, requests: latencyRequests });
        if (round > 0) rows.latency.push({ contender: name, round, p50Ms, p99Ms });
        failed.delete(name);
      });
      contender.tidy?.();
    }
  }
}
