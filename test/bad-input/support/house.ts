/** The whole of `signalbox up` in this process, in front of scripted engines, and the proof that nothing of a call is left in it. */

import { afterEach, expect } from 'vitest';
import { type App, startApp } from '../../../src/cli/up/app.ts';
import { type Config, parseConfig } from '../../../src/config/index.ts';
import type { Script } from '../../gateway/support/upstream.ts';
import { chatCall } from './calls.ts';
import { ANSWER, type ScriptedEngine, startScriptedEngine } from './engine.ts';
import { eventually } from './eventually.ts';

/** A configuration as one would write it, its sections laid over the quiet ones of tests. */
export type ConfigSections = Readonly<Record<string, unknown>>;

export interface House {
  readonly app: App;
  readonly engines: readonly ScriptedEngine[];
  /** The first engine. */
  readonly engine: ScriptedEngine;
  readonly url: string;
  readonly port: number;
  chat(body?: object | string | Uint8Array, init?: RequestInit): Promise<Response>;
  admin<Answer>(path: string): Promise<Answer>;
  metrics(): Promise<string>;
}

export interface HouseInit {
  readonly config?: ConfigSections;
  /** What every instance has besides. */
  readonly instance?: object;
  /** What every call needs to be let in. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Instances are called `e0`, `e1`, …; each serves the model `m`. */
export type StartHouse = (scripts: readonly Script[], init?: HouseInit) => Promise<House>;

const QUIET: ConfigSections = {
  listeners: { data: { port: 0 }, control: { port: 0 } },
  logging: { level: 'silent' },
  scrape: { enabled: false },
  health: { active: { enabled: false } },
  shutdown: { graceMs: 0 },
};

/** To be called once at the top of a test file: after each of its tests the house must serve as before and hold nothing. */
export function openHouses(): StartHouse {
  const houses: House[] = [];
  afterEach(async () => {
    try {
      for (const house of houses) await expectAsBefore(house);
    } finally {
      for (const { app, engines } of houses.splice(0)) {
        await app.close();
        for (const engine of engines) await engine.close();
      }
    }
  });
  return async function startHouse(scripts, { config, instance, headers } = {}) {
    const engines: ScriptedEngine[] = [];
    for (const script of scripts) engines.push(await startScriptedEngine(script));
    const instances = engines.map(({ url }, index) => ({
      id: `e${index}`,
      url,
      engine: 'openai',
      models: ['m'],
      ...instance,
    }));
    const app = await startApp(quietConfig({ instances, ...config }));
    const house = houseOf(app, engines, headers);
    houses.push(house);
    return house;
  };
}

/** The configuration that these sections make, laid over one that listens on free ports and says nothing. */
export function quietConfig(sections: ConfigSections): Config {
  const result = parseConfig(JSON.stringify({ ...QUIET, ...sections }), { env: {} });
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.config;
}

function houseOf(app: App, engines: readonly ScriptedEngine[], headers: HouseInit['headers']): House {
  const { controlUrl } = app;
  const url = app.dataUrl!;
  return {
    app,
    engines,
    engine: engines[0]!,
    url,
    port: Number(new URL(url).port),
    chat: (body, init) => fetch(`${url}/v1/chat/completions`, chatCall(body, init, headers)),
    admin: async <Answer>(path: string) => (await (await fetch(controlUrl + path)).json()) as Answer,
    metrics: async () => (await fetch(`${controlUrl}/metrics`)).text(),
  };
}

interface Held {
  readonly waiting: number;
  readonly running: number;
  readonly waitingTokens: number;
  readonly inFlight: readonly number[];
  readonly prefillTokens: readonly number[];
  readonly open: string | undefined;
}

/** All that a request may hold on to. */
export async function heldBy(house: Pick<House, 'admin' | 'metrics'>): Promise<Held> {
  const queue = await house.admin<Record<string, number>>('/admin/queue');
  const { instances } = await house.admin<{ instances: Record<string, number>[] }>('/admin/instances');
  return {
    waiting: queue.waitingRequests!,
    running: queue.inFlightRequests!,
    waitingTokens: queue.waitingTokens!,
    inFlight: instances.map(({ inFlightRequests }) => inFlightRequests!),
    prefillTokens: instances.map(({ pendingPrefillTokens }) => pendingPrefillTokens!),
    open: /^signalbox_requests_open (\S+)$/m.exec(await house.metrics())?.[1],
  };
}

const ZERO = 0;

/** Nothing is held any more, and the next request is served. */
export async function expectAsBefore(house: House): Promise<void> {
  const none = house.engines.map(() => ZERO);
  await eventually(async () => {
    expect(await heldBy(house)).toEqual({
      waiting: 0,
      running: 0,
      waitingTokens: 0,
      inFlight: none,
      prefillTokens: none,
      open: '0',
    });
  });
  for (const engine of house.engines) {
    engine.script = ANSWER;
    engine.isHealthy = true;
  }
  await eventually(async () => {
    const response = await house.chat();
    expect([response.status, await response.json()]).toMatchObject([200, { choices: [{}] }]);
  });
}
