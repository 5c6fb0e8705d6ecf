/** The whole stack as an application sees it: the official client, the gateway, the scheduler, and simulated engines. */

import OpenAI, { type ClientOptions } from 'openai';
import { afterEach } from 'vitest';
import type { Fault } from '../../../src/engines/serving/index.ts';
import { parseFault } from '../../../src/engines/serving/index.ts';
import { type RunningSimulatedEngine, startSimulatedEngine } from '../../../src/engines/simulated/index.ts';
import {
  startTestGateway,
  type TestGateway,
  type TestGatewayInit,
} from '../../gateway/support/test-gateway.ts';

export const MODEL = 'llama-3-8b';

export interface StackInit extends Omit<TestGatewayInit, 'instances'> {
  /** One engine for each: the faults that it has from the start. One sound engine by default. */
  readonly engines?: readonly (readonly string[])[];
  /** Requests that each engine gets at once. */
  readonly window?: number;
  /** How many times faster than an H100; 50 by default, 1 where something is to be caught in the act. */
  readonly speed?: number;
  readonly client?: ClientOptions;
}

export interface Stack {
  readonly client: OpenAI;
  readonly gateway: TestGateway;
  readonly engines: readonly RunningSimulatedEngine[];
  /** Requests that run or wait in the engines. */
  busyEngines(): number;
}

/** To be called once at the top of a test file; what it started is closed after each test. */
export function openStacks(): (init?: StackInit) => Promise<Stack> {
  const closers: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
  return async function startStack(init: StackInit = {}) {
    const { engines: faults = [[]], window = 64, speed = 50, client, ...rest } = init;
    const engines: RunningSimulatedEngine[] = [];
    for (const kinds of faults) {
      const engine = await startSimulatedEngine({
        model: MODEL,
        speed,
        seed: 7,
        faults: kinds.map(theFault),
      });
      closers.push(() => engine.close());
      engines.push(engine);
    }
    const instances = engines.map(({ url }) => ({ url, models: [MODEL], maxConcurrency: window }));
    const gateway = await startTestGateway({ ...rest, instances });
    closers.push(() => gateway.close());
    return {
      client: aClient(gateway, client),
      gateway,
      engines,
      busyEngines: () => engines.reduce((sum, { engine }) => sum + inEngine(engine), 0),
    };
  };
}

/** A client without retries of its own, unless it is told otherwise. */
export function aClient(gateway: Pick<TestGateway, 'url'>, options: ClientOptions = {}): OpenAI {
  return new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'sk-any', maxRetries: 0, ...options });
}

export function aChat(content = 'Hello!', fields: object = {}) {
  return {
    model: MODEL,
    messages: [{ role: 'user' as const, content }],
    temperature: 0,
    max_tokens: 16,
    ...fields,
  };
}

/** What a promise was rejected with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  const nothing = Symbol('not rejected');
  const reason = await promise.then(
    () => nothing,
    (error: unknown) => error,
  );
  if (reason === nothing) throw new Error('the promise was kept');
  return reason;
}

export function theFault(kind: string): Fault {
  return parseFault(kind);
}

function inEngine(engine: RunningSimulatedEngine['engine']): number {
  const { runningRequests, waitingRequests } = engine.gauges();
  return runningRequests + waitingRequests;
}
