/** A gateway over a real scheduler, listening on a free port, with everything in reach that a test looks at. */

import { type Clock, createInstance, type InstanceInit, seededRandom } from '../../../src/domain/index.ts';
import {
  createGateway,
  createIntake,
  createRequestIds,
  DEFAULT_RELAY_SETTINGS,
  type Gateway,
  type GatewayOptions,
  type GatewaySettings,
  type IntakeSettings,
  type RelaySettings,
} from '../../../src/gateway/index.ts';
import { createPolicy } from '../../../src/queueing/index.ts';
import { findPreset, RoutingProfile } from '../../../src/routing/index.ts';
import {
  DEFAULT_SCHEDULER_SETTINGS,
  LiveScheduler,
  type SchedulerSettings,
} from '../../../src/scheduler/index.ts';
import { RecordingObserver } from './observer.ts';

export interface TestGatewayInit {
  /** URLs of instances `i0`, `i1`, …, or more said of them; each serves model `m`. */
  readonly instances?: readonly (string | (Partial<InstanceInit> & { readonly url: string }))[];
  readonly scheduler?: Partial<SchedulerSettings>;
  readonly relay?: Partial<RelaySettings>;
  readonly settings?: Partial<GatewaySettings>;
  readonly intake?: IntakeSettings;
  readonly options?: Partial<GatewayOptions>;
}

export interface TestGateway {
  readonly gateway: Gateway;
  readonly scheduler: LiveScheduler;
  readonly observer: RecordingObserver;
  readonly url: string;
  readonly port: number;
  /** Asks the gateway for a chat completion of model `m`. */
  chat(body?: object, init?: RequestInit): Promise<Response>;
  /** Requests that hold a slot in the scheduler, waiting or running. */
  held(): number;
  close(): Promise<void>;
}

const CLOCK: Clock = { now: () => performance.timeOrigin + performance.now() };

export async function startTestGateway(init: TestGatewayInit = {}): Promise<TestGateway> {
  const scheduler = startScheduler(init);
  const observer = new RecordingObserver();
  const intake = createIntake({
    modelNames: () => scheduler.modelNames(),
    random: seededRandom(1),
    requestIds: createRequestIds(),
    ...(init.intake !== undefined && { settings: init.intake }),
  });
  const relay = { ...DEFAULT_RELAY_SETTINGS, ...init.relay };
  const settings = { relay, ...init.settings };
  const gateway = createGateway({
    door: scheduler,
    intake,
    clock: CLOCK,
    observer,
    settings,
    ...init.options,
  });
  const { port } = await gateway.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${port}`;
  return {
    gateway,
    scheduler,
    observer,
    url,
    port,
    chat: (body, request) => fetch(`${url}/v1/chat/completions`, chatRequest(body, request)),
    held: () => scheduler.queue().waitingRequests + scheduler.queue().inFlightRequests,
    async close() {
      await gateway.close(0);
      scheduler.close();
    },
  };
}

/** A call for a chat completion of model `m`, with these fields besides. */
export function chatRequest(body: object = {}, init: RequestInit = {}): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hello' }], ...body }),
    ...init,
  };
}

function startScheduler(init: TestGatewayInit): LiveScheduler {
  const scheduler = new LiveScheduler({
    clock: CLOCK,
    random: seededRandom(1),
    policy: createPolicy({ name: 'fifo' }),
    profile: new RoutingProfile(findPreset('round-robin')),
    settings: { ...DEFAULT_SCHEDULER_SETTINGS, ...init.scheduler },
    timers: globalThis,
  });
  for (const [index, given] of (init.instances ?? []).entries()) {
    const facts = typeof given === 'string' ? { url: given } : given;
    const instance = createInstance({ id: `i${index}`, models: ['m'], ...facts });
    scheduler.tellFleet({ type: 'instance-added', instance });
    scheduler.tellFleet({ type: 'instance-health', instanceId: instance.id, isHealthy: true });
  }
  return scheduler;
}
