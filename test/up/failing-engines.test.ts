import { afterEach, describe, expect, it } from 'vitest';
import { parseFault } from '../../src/engines/serving/index.ts';
import { eventually } from '../bad-input/support/eventually.ts';
import { A_TOKEN, errorIn, readerOf, WHOLE } from './support/answers.ts';
import { type Fleet, openFleets } from './support/fleet.ts';
import { ofTokens, streamOf } from './support/requests.ts';
import { type SignalboxProcess, spawnSignalbox } from './support/signalbox.ts';
import { FREE_PORTS, openUps } from './support/up.ts';

const startFleet = openFleets();
const startUp = openUps();
const engineProcesses: SignalboxProcess[] = [];

afterEach(async () => {
  for (const engine of engineProcesses.splice(0)) {
    engine.kill('SIGKILL');
    await engine.ended;
  }
});

/** `signalbox engine` as a process, which can be killed. */
async function startEngineProcess(): Promise<{ url: string; process: SignalboxProcess }> {
  const process = spawnSignalbox(['engine', '--simulate', 'llama-3-8b@h100', '--port', '0']);
  engineProcesses.push(process);
  let url: string | undefined;
  await eventually(() => {
    url = /address +(\S+)\/v1/.exec(process.stdout())?.[1];
    expect(url).toBeDefined();
  });
  return { url: url!, process };
}

const servedBy = async (fleet: Fleet): Promise<readonly [number, string | null]> => {
  const response = await fleet.chat(ofTokens(1));
  await response.text();
  return [response.status, response.headers.get('x-signalbox-instance')];
};

describe('an engine killed in the middle of a stream', () => {
  it('has its caller told by an error event; other streams and other requests go on', async () => {
    const engines = [await startEngineProcess(), await startEngineProcess()];
    const upstreams = engines.flatMap(({ url }) => ['--upstream', url]);
    const up = await startUp([...FREE_PORTS, ...upstreams, '--routing', 'round-robin']);
    const streams = await Promise.all(
      [0, 1].map(async () => {
        const response = await up.chat(streamOf(250));
        return { on: response.headers.get('x-signalbox-instance')!, answer: readerOf(response) };
      }),
    );
    for (const { answer } of streams) await answer.until(A_TOKEN);
    const [doomed, other] = streams as [(typeof streams)[0], (typeof streams)[0]];
    expect(doomed.on).not.toBe(other.on);

    engines.find(({ url }) => url.endsWith(doomed.on))!.process.kill('SIGKILL');
    const text = await doomed.answer.rest();
    expect(text).not.toMatch(WHOLE);
    expect(errorIn(text).code).toBe('upstream_disconnected');
    for (let call = 0; call < 4; call += 1) {
      const response = await up.chat(ofTokens(1));
      expect([response.status, response.headers.get('x-signalbox-instance')]).toEqual([200, other.on]);
    }
    expect(await other.answer.rest()).toMatch(WHOLE);
  });
});

describe('an instance that fails one request after the other', () => {
  const EJECTING = {
    health: {
      active: { enabled: false },
      passive: { consecutiveFailures: 2 },
      ejection: { baseMs: 400, maxMs: 60_000 },
    },
    retries: { budgetShare: 1 },
  };

  it('is ejected, for longer each time, tried again, and back once it serves', async () => {
    const fleet = await startFleet({ engines: 2, config: EJECTING });
    const { faults } = fleet.engines[0]!;
    faults.add(parseFault('503'));
    await eventually(async () => {
      expect((await servedBy(fleet))[0]).toBe(200);
      expect(await fleet.states()).toEqual(['ejected', 'ready']);
    });
    for (let call = 0; call < 4; call += 1) expect(await servedBy(fleet)).toEqual([200, 'e1']);
    await eventually(async () => {
      expect((await servedBy(fleet))[0]).toBe(200);
      expect(await fleet.admin('/admin/instances/e0')).toMatchObject({ state: 'ejected', ejections: 2 });
    });
    expect(await fleet.metrics()).toMatch(/^signalbox_ejections_total 2$/m);

    faults.remove('503');
    await eventually(async () => expect(await servedBy(fleet)).toEqual([200, 'e0']));
    expect(await fleet.states()).toEqual(['ready', 'ready']);
    expect(await fleet.admin('/admin/instances/e0')).toMatchObject({ consecutiveFailures: 0, ejections: 2 });
  });

  it('is not ejected for 429: that is back-pressure', async () => {
    const fleet = await startFleet({ engines: 2, config: EJECTING });
    fleet.engines[0]!.faults.add(parseFault('429:0'));
    for (let call = 0; call < 6; call += 1) expect(await servedBy(fleet)).toEqual([200, 'e1']);
    expect(await fleet.states()).toEqual(['ready', 'ready']);
  });
});

describe('an instance whose health check fails', () => {
  const CHECKED = {
    health: { active: { intervalMs: 50, startIntervalMs: 50, timeoutMs: 500, unhealthyAfter: 2 } },
    queue: { noInstanceWaitMs: 300 },
  };

  const fallIll = (fleet: Fleet, index: number) =>
    fleet.engines[index]!.faults.add({ ...parseFault('503'), scope: 'all' });

  it('gets nothing until it is well again', async () => {
    const fleet = await startFleet({ engines: 2, config: CHECKED });
    fallIll(fleet, 0);
    await eventually(async () => expect(await fleet.states()).toEqual(['ejected', 'ready']));
    for (let call = 0; call < 4; call += 1) expect(await servedBy(fleet)).toEqual([200, 'e1']);
    fleet.engines[0]!.faults.remove();
    await eventually(async () => expect(await fleet.states()).toEqual(['ready', 'ready']));
    const served = [await servedBy(fleet), await servedBy(fleet)].map(([, id]) => id);
    expect(served.sort()).toEqual(['e0', 'e1']);
  });

  it('with all others lets requests wait as long as configured, then turns them away with 503', async () => {
    const fleet = await startFleet({ engines: 2, config: CHECKED });
    fallIll(fleet, 0);
    fallIll(fleet, 1);
    await eventually(async () => expect(await fleet.states()).toEqual(['ejected', 'ejected']));
    expect((await fetch(`${fleet.app.dataUrl}/ready`)).status).toBe(503);
    const sentAtMs = performance.now();
    const response = await fleet.chat(ofTokens(1));
    expect([response.status, await response.json()]).toMatchObject([
      503,
      { error: { code: 'no_instance_available', type: 'server_error' } },
    ]);
    expect(performance.now() - sentAtMs).toBeGreaterThanOrEqual(290);
    expect(response.headers.get('retry-after')).toMatch(/^[1-9]/);
    const models = (await (await fetch(`${fleet.app.dataUrl}/v1/models`)).json()) as { data: unknown[] };
    expect(models.data).toHaveLength(1);
  });

  it('with all others keeps requests that wait for who comes back first', async () => {
    const fleet = await startFleet({ config: { ...CHECKED, queue: { noInstanceWaitMs: 60_000 } } });
    fallIll(fleet, 0);
    await eventually(async () => expect(await fleet.states()).toEqual(['ejected']));
    const answer = servedBy(fleet);
    await eventually(async () => expect(await fleet.waiting()).toBe(1));
    fleet.engines[0]!.faults.remove();
    expect(await answer).toEqual([200, 'e0']);
  });
});

describe('an instance that an operator drains', () => {
  const post = (fleet: Fleet, path: string) => fleet.admin(path, { method: 'POST' });

  it('gets nothing more, finishes what runs there, and comes back when told to', async () => {
    const fleet = await startFleet({ engines: 2 });
    const response = await fleet.chat(streamOf(200));
    const on = response.headers.get('x-signalbox-instance')!;
    const answer = readerOf(response);
    await answer.until(A_TOKEN);
    expect(await post(fleet, `/admin/instances/${on}/drain`)).toMatchObject({
      id: on,
      state: 'draining',
      inFlightRequests: 1,
    });
    const other = on === 'e0' ? 'e1' : 'e0';
    for (let call = 0; call < 4; call += 1) expect(await servedBy(fleet)).toEqual([200, other]);
    expect(await answer.rest()).toMatch(WHOLE);
    await eventually(async () => {
      expect(await fleet.admin(`/admin/instances/${on}`)).toMatchObject({
        state: 'draining',
        inFlightRequests: 0,
      });
    });

    expect(await post(fleet, `/admin/instances/${on}/undrain`)).toMatchObject({ id: on, state: 'ready' });
    const served = [await servedBy(fleet), await servedBy(fleet)].map(([, id]) => id);
    expect(served.sort()).toEqual(['e0', 'e1']);
  });

  it('that nobody knows is told of as 404, with those there are', async () => {
    const fleet = await startFleet();
    expect(await post(fleet, '/admin/instances/e9/drain')).toMatchObject({
      error: { code: 'not_found', message: expect.stringContaining('there are e0') },
    });
  });
});
