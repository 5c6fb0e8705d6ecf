import { expect, it, vi } from 'vitest';
import { freePort } from '../../bench/gateway/machine/free-port.ts';
import { eventually } from '../bad-input/support/eventually.ts';
import { type Gauges, showGauges, startEngine } from './support/engines.ts';
import type { HaproxyOptions } from './support/haproxy.ts';
import { askOften, startLoad } from './support/load.ts';
import type { LogEntry } from './support/log.ts';
import { cleanup, describeHaproxy, openHaproxy, urlsOf } from './support/proxied.ts';
import { type Signalbox, type SignalboxOptions, startSignalbox } from './support/signalbox.ts';

// HAProxy, three engines and Signalbox have to share what a busy machine leaves them.
vi.setConfig({ testTimeout: 60_000 });

const toClose = cleanup();

const IDLE: Gauges = { waiting: 0, kvCacheUsage: 0.1 };
const BUSY: Gauges = { waiting: 5, kvCacheUsage: 0.4 };
/** As full as can be: mode s1 scores it 0, so that Signalbox never chooses it. */
const FULL: Gauges = { waiting: 10, kvCacheUsage: 1 };

/** On a machine that is busy elsewhere answers take longer than requests should wait for them. */
const PATIENT = { patienceSeconds: 15 };

async function open(
  gauges: readonly Gauges[],
  haproxyOptions: Pick<HaproxyOptions, 'patienceSeconds' | 'threads'> = {},
) {
  const engines = await Promise.all(gauges.map(async (of) => toClose(await startEngine(of))));
  const options: SignalboxOptions = { engineUrls: urlsOf(engines), seed: 1, port: await freePort() };
  const signalbox = await startSignalbox(options);
  let running: Signalbox | undefined = toClose(signalbox);
  const haproxy = await openHaproxy(toClose, {
    signalboxPort: signalbox.port,
    engineUrls: options.engineUrls,
    ...haproxyOptions,
  });
  return {
    engines,
    haproxy,
    scores: () => running!.scores(),
    async stopSignalbox() {
      await running!.close();
      running = undefined;
    },
    async startSignalbox() {
      running = toClose(await startSignalbox(options));
    },
  };
}

/** How many of the requests each engine got. */
function counts(entries: readonly LogEntry[]): readonly number[] {
  return ['engine-1', 'engine-2', 'engine-3'].map(
    (name) => entries.filter(({ server }) => server === name).length,
  );
}

const isDecided = ({ answer }: LogEntry) => answer.includes(':');

/** Five standard deviations of the binomial distribution: one run in two million is further away by chance. */
function expectShares(found: readonly number[], scores: readonly number[]): void {
  const total = found.reduce((sum, count) => sum + count);
  const sum = scores.reduce((all, score) => all + score);
  for (const [index, count] of found.entries()) {
    const chance = scores[index]! / sum;
    const bound = 5 * Math.sqrt(total * chance * (1 - chance));
    expect(Math.abs(count - total * chance), `share of engine ${index + 1}`).toBeLessThanOrEqual(bound);
  }
}

describeHaproxy('requests through HAProxy', () => {
  it('are shared out in proportion to the scores that the engines’ metrics give', async () => {
    const { haproxy, scores } = await open([IDLE, BUSY, FULL], PATIENT);
    expect(scores().map((score) => score.toFixed(3))).toEqual(['0.950', '0.550', '0.000']);
    expect(await askOften(haproxy.url, 400)).toEqual({ 200: 400 });
    await eventually(() => expect(haproxy.log).toHaveLength(400));
    const found = counts(haproxy.log);
    expectShares(found, scores());
    expect(found[2]).toBe(0);
  });

  it('go where Signalbox says, each of them', async () => {
    const { haproxy, engines } = await open([IDLE, BUSY, FULL], PATIENT);
    await askOften(haproxy.url, 50);
    await eventually(() => expect(haproxy.log).toHaveLength(50));
    for (const { server, answer } of haproxy.log) {
      expect(answer).toBe(new URL(engines[Number(server.at(-1)) - 1]!.url).host);
    }
  });

  it('are all answered when HAProxy has several threads', async () => {
    const { haproxy } = await open([IDLE, BUSY, FULL], { ...PATIENT, threads: 4 });
    expect(await askOften(haproxy.url, 400, 16)).toEqual({ 200: 400 });
    await eventually(() => expect(haproxy.log.some(isDecided)).toBe(true));
    expect(counts(haproxy.log)[2]).toBe(0);
  });

  it('follow when the metrics change', async () => {
    const { haproxy, engines, scores } = await open([IDLE, BUSY, FULL], PATIENT);
    await askOften(haproxy.url, 20);
    showGauges(engines[0]!, FULL);
    showGauges(engines[2]!, IDLE);
    await eventually(() =>
      expect(scores().map((score) => score.toFixed(3))).toEqual(['0.000', '0.550', '0.950']),
    );
    await eventually(() => expect(haproxy.log).toHaveLength(20));
    expect(await askOften(haproxy.url, 400)).toEqual({ 200: 400 });
    await eventually(() => expect(haproxy.log).toHaveLength(420));
    expectShares(counts(haproxy.log.slice(20)), scores());
  });
});

describeHaproxy('Signalbox stopped in the middle', () => {
  it('fails no request: HAProxy balances by itself until Signalbox is back, then the scores rule again', async () => {
    const { haproxy, scores, ...signalbox } = await open([IDLE, BUSY, FULL]);
    const load = startLoad(haproxy.url);
    const since = async (from: number, count: number, wanted: (entry: LogEntry) => boolean) => {
      await eventually(() =>
        expect(haproxy.log.slice(from).filter(wanted).length).toBeGreaterThanOrEqual(count),
      );
      return haproxy.log.slice(from).filter(wanted);
    };
    expect(counts(await since(0, 100, isDecided))[2]).toBe(0);

    await signalbox.stopSignalbox();
    const alone = await since(haproxy.log.length, 300, (entry) => !isDecided(entry));
    // The full engine, too, gets its third.
    for (const count of counts(alone)) expect(count).toBeGreaterThan(alone.length / 6);

    await signalbox.startSignalbox();
    await since(haproxy.log.length, 50, isDecided);
    expectShares(counts(await since(haproxy.log.length, 400, isDecided)), scores());

    await load.stop();
    expect(Object.keys(load.statuses)).toEqual(['200']);
  });
});
