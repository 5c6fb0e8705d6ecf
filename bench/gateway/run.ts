/** Signalbox' path of bytes beside HAProxy's, NGINX's and Portkey's: `npm run bench:gateway`. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { judge } from './budgets.ts';
import type { Contender, ContenderName } from './contender.ts';
import { CONTENDER_PLANS } from './contenders/index.ts';
import { aboutThisRun, loadAverage } from './machine/about.ts';
import { notPinnedBecause } from './machine/pinning.ts';
import { stopAllServers } from './machine/server-process.ts';
import type { Bench } from './measurements/bench.ts';
import { measureLatency } from './measurements/latency.ts';
import { measureMemory } from './measurements/memory.ts';
import { measureRequests } from './measurements/requests.ts';
import { noRows, type Rows } from './measurements/rows.ts';
import { measureStreams } from './measurements/streams.ts';
import { type MeasurementName, readSettings, type Settings, USAGE } from './options.ts';
import { headline, reportText } from './report.ts';
import { Rig } from './rig/rig.ts';
import { summarise } from './summary.ts';

/** Addresses of the upstream that gateways spread their requests over. */
const UPSTREAM_INSTANCES = 4;

const DEFAULT_JSON = fileURLToPath(new URL('../results/gateway.json', import.meta.url));

const MEASUREMENTS: Readonly<Record<MeasurementName, (bench: Bench) => Promise<void>>> = {
  requests: measureRequests,
  latency: measureLatency,
  streams: measureStreams,
  memory: measureMemory,
};

let isInterrupted = false;

function say(text: string): void {
  if (!isInterrupted) process.stdout.write(`${text}\n`);
}

await main();

async function main(): Promise<void> {
  const settings = settingsOrUsage(process.argv.slice(2));
  if (settings === undefined) return;
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  const rig = new Rig();
  try {
    process.exitCode = await Promise.race([benchmark(settings, rig, directory), interruption()]);
  } finally {
    await Promise.all([stopAllServers(), rig.stop()]);
    rmSync(directory, { recursive: true, force: true });
  }
  // After an interruption the rest of the benchmark has nothing to go on with.
  if (isInterrupted) process.exit();
}

/** The exit status that goes with the first signal. */
function interruption(): Promise<number> {
  return new Promise((resolve) => {
    const end = (status: number): void => {
      isInterrupted = true;
      resolve(status);
    };
    process.once('SIGINT', () => end(130)).once('SIGTERM', () => end(143));
  });
}

function settingsOrUsage(args: readonly string[]): Settings | undefined {
  if (args.includes('--help')) {
    say(USAGE);
    return undefined;
  }
  try {
    return readSettings(args, DEFAULT_JSON);
  } catch (error) {
    process.stderr.write(`error: ${(error as Error).message}\n\n${USAGE}`);
    process.exitCode = 1;
    return undefined;
  }
}

/** Resolves with the exit status. */
async function benchmark(settings: Settings, rig: Rig, directory: string): Promise<number> {
  const about = aboutThisRun(CONTENDER_PLANS);
  const loadAverageBefore = loadAverage();
  say(headline(about, loadAverageBefore));
  const unpinned = notPinnedBecause();
  if (unpinned !== undefined) say(`Nothing is pinned to a core: ${unpinned}. Compare with care.`);
  const rows = noRows();
  const upstreamUrls = await rig.ask('startUpstream', { instances: UPSTREAM_INSTANCES });
  const startFresh = (name: ContenderName): Promise<Contender> =>
    CONTENDER_PLANS[name].start({ upstreamUrls, directory: mkdtempSync(join(directory, `${name}-`)) });
  const contenders = await startAll(settings, rows, startFresh, rig);
  const bench: Bench = { settings, rig, rows, contenders, startFresh, say };
  // The memory last: by then nothing else is running.
  for (const name of settings.measurements.filter((each) => each !== 'memory')) {
    await MEASUREMENTS[name](bench);
  }
  await Promise.all(contenders.map((contender) => contender.stop()));
  if (settings.measurements.includes('memory')) await measureMemory(bench);
  const summary = summarise(rows);
  const budgets = judge(summary);
  const report = reportText(summary, budgets, rows.skipped);
  say(report);
  const loads = { before: loadAverageBefore, after: loadAverage() };
  const { json: _path, ...measured } = settings;
  const results = { ...about, loadAverage: loads, settings: measured, ...summary, budgets, rows };
  write(settings, results, `${headline(about, loadAverageBefore)}\n${report}`);
  return 0;
}

/** Starts each and sees that it passes on a request; one that is missing or does not is left out. */
async function startAll(
  settings: Settings,
  rows: Rows,
  startFresh: Bench['startFresh'],
  rig: Rig,
): Promise<readonly Contender[]> {
  const started: Contender[] = [];
  const wanted = new Set<ContenderName>(['direct', ...settings.contenders]);
  for (const { name, missing, version } of Object.values(CONTENDER_PLANS)) {
    if (!wanted.has(name)) continue;
    const leaveOut = (reason: string): void => {
      rows.skipped.push({ contender: name, measurement: 'everything', reason });
      say(`  ${name} is left out: ${reason}`);
    };
    const reason = missing();
    if (reason !== undefined) {
      leaveOut(reason);
      continue;
    }
    try {
      const contender = await startFresh(name);
      const { url, headers } = contender;
      const isIdentical = await rig.ask('checkSmallAnswer', { target: { url, headers } });
      say(`  ${name} ${version()} ${url}${isIdentical ? '' : ' (rewrites the bytes of an answer)'}`);
      started.push(contender);
    } catch (error) {
      leaveOut((error as Error).message);
    }
  }
  return started;
}

/** The figures for programs, and beside them, as text, for people. */
function write({ json }: Settings, results: object, text: string): void {
  if (json === undefined) return;
  mkdirSync(dirname(json), { recursive: true });
  writeFileSync(json, `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(json.replace(/(\.json)?$/, '.txt'), text);
  say(`written to ${json}`);
}
