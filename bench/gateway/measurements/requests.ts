/** Small requests per second that one core carries, and what one costs it. */

import type { Contender } from '../contender.ts';
import { missingProgram } from '../machine/find-program.ts';
import { cpuMicroseconds } from '../machine/proc-stat.ts';
import { type Bench, orSkip } from './bench.ts';
import type { RequestRow } from './rows.ts';
import { runWrk } from './wrk.ts';

/** Contenders take turns at each concurrency, so that a noisy moment hits them alike. */
export async function measureRequests(bench: Bench): Promise<void> {
  const { settings, rows, say } = bench;
  const missing = missingProgram('wrk');
  if (missing !== undefined) {
    for (const { name } of bench.contenders) {
      rows.skipped.push({ contender: name, measurement: 'requests', reason: missing });
    }
    say(`requests per second: not measured, ${missing}`);
    return;
  }
  const middle = settings.concurrency[Math.floor(settings.concurrency.length / 2)]!;
  for (const contender of bench.contenders) await runWrk(contender, middle, settings.warmUpSeconds);
  for (const concurrency of settings.concurrency) {
    say(`requests per second, ${concurrency} at a time`);
    for (let round = 1; round <= settings.requestRounds; round += 1) {
      for (const contender of bench.contenders) {
        await orSkip(bench, contender, `requests, ${concurrency} at a time`, async () => {
          rows.requests.push(await measureOnce(contender, concurrency, round, settings.seconds));
        });
        contender.tidy?.();
      }
    }
  }
}

async function measureOnce(
  contender: Contender,
  concurrency: number,
  round: number,
  seconds: number,
): Promise<RequestRow> {
  const pids = contender.pids();
  const before = cpuMicroseconds(pids);
  const figures = await runWrk(contender, concurrency, seconds);
  const cpuMicros = cpuMicroseconds(pids) - before;
  const { requests, microseconds, failedConnections, failedStatus, timeouts } = figures;
  if (requests === failedStatus) throw new Error(`none of ${requests} requests was answered with success`);
  return {
    contender: contender.name,
    concurrency,
    round,
    requests,
    requestsPerSecond: (requests - failedStatus) / (microseconds / 1e6),
    ...(pids.length > 0 && {
      cpuMicrosecondsPerRequest: cpuMicros / requests,
      coreShare: cpuMicros / microseconds,
    }),
    failed: failedConnections + failedStatus + timeouts,
  };
}
