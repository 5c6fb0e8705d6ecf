/** The whole of `signalbox up` in this process, in front of simulated engines that a test can look into and break. */

import { afterEach, expect } from 'vitest';
import { type App, startApp } from '../../../src/cli/up/app.ts';
import {
  type RunningSimulatedEngine,
  type StartSimulatedEngineOptions,
  startSimulatedEngine,
} from '../../../src/engines/simulated/index.ts';
import { chatCall } from '../../bad-input/support/calls.ts';
import { eventually } from '../../bad-input/support/eventually.ts';
import { type ConfigSections, heldBy, quietConfig } from '../../bad-input/support/house.ts';
import { MODEL, ofTokens } from './requests.ts';

export interface FleetInit {
  /** How many engines, called `e0`, `e1`, …; one by default. */
  readonly engines?: number;
  /** The most requests on each. */
  readonly maxConcurrency?: number;
  readonly engine?: StartSimulatedEngineOptions;
  readonly config?: ConfigSections;
  /** From which paths in the configuration count. */
  readonly directory?: string;
  /** Of each engine in turn. */
  readonly labels?: readonly Readonly<Record<string, string>>[];
}

export interface Fleet {
  readonly app: App;
  readonly engines: readonly RunningSimulatedEngine[];
  chat(body: object, headers?: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<Response>;
  admin<Answer>(path: string, init?: RequestInit): Promise<Answer>;
  metrics(): Promise<string>;
  /** Each instance's state. */
  states(): Promise<readonly string[]>;
  waiting(): Promise<number>;
  /** Requests that the engines themselves work on. */
  inEngines(): number;
}

export type StartFleet = (init?: FleetInit) => Promise<Fleet>;

/** To be called once at the top of a test file: after each of its tests nobody may hold or work on anything. */
export function openFleets(): StartFleet {
  const fleets: Fleet[] = [];
  afterEach(async () => {
    try {
      for (const fleet of fleets) await expectIdle(fleet);
    } finally {
      for (const { app, engines } of fleets.splice(0)) {
        await app.close();
        for (const engine of engines) await engine.close();
      }
    }
  });
  return async function startFleet({
    engines: count = 1,
    maxConcurrency = 8,
    engine,
    config,
    directory,
    labels,
  } = {}) {
    const engines: RunningSimulatedEngine[] = [];
    for (let index = 0; index < count; index += 1) engines.push(await startSimulatedEngine(engine));
    const instances = engines.map(({ url }, index) => ({
      id: `e${index}`,
      url,
      engine: 'vllm',
      models: [MODEL],
      maxConcurrency,
      labels: labels?.[index] ?? {},
    }));
    const app = await startApp(
      quietConfig({ instances, routing: 'round-robin', ...config }),
      directory === undefined ? {} : { directory },
    );
    const fleet = fleetOf(app, engines);
    fleets.push(fleet);
    await eventually(async () => expect(await fleet.states()).toEqual(engines.map(() => 'ready')));
    return fleet;
  };
}

function fleetOf(app: App, engines: readonly RunningSimulatedEngine[]): Fleet {
  const { dataUrl, controlUrl } = app;
  const admin = async <Answer>(path: string, init?: RequestInit) =>
    (await (await fetch(controlUrl + path, init)).json()) as Answer;
  return {
    app,
    engines,
    chat: (body, headers = {}, signal) =>
      fetch(
        `${dataUrl}/v1/chat/completions`,
        chatCall(body, signal === undefined ? {} : { signal }, headers),
      ),
    admin,
    metrics: async () => (await fetch(`${controlUrl}/metrics`)).text(),
    states: async () =>
      (await admin<{ instances: { state: string }[] }>('/admin/instances')).instances.map(
        ({ state }) => state,
      ),
    waiting: async () => (await admin<{ waitingRequests: number }>('/admin/queue')).waitingRequests,
    inEngines: () =>
      engines.reduce((sum, { engine }) => {
        const { runningRequests, waitingRequests } = engine.gauges();
        return sum + runningRequests + waitingRequests;
      }, 0),
  };
}

async function expectIdle(fleet: Fleet): Promise<void> {
  await eventually(async () => {
    const { inFlight, prefillTokens, ...held } = await heldBy(fleet);
    expect(held).toEqual({ waiting: 0, running: 0, waitingTokens: 0, open: '0' });
    expect([...inFlight, ...prefillTokens].every((count) => count === 0)).toBe(true);
    expect(fleet.inEngines()).toBe(0);
  });
}

/** Keeps every slot of a fleet busy until it is let go. */
export async function occupy(fleet: Fleet, slots: number): Promise<() => Promise<void>> {
  const leave = new AbortController();
  const calls = Array.from({ length: slots }, () =>
    fleet.chat(ofTokens(20_000, { stream: true }), {}, leave.signal),
  );
  const answers = await Promise.all(calls);
  return async () => {
    leave.abort();
    await Promise.allSettled(answers.map((answer) => answer.text()));
  };
}
