/** A real scheduler, real telemetry and a real listener on a free port, and calls that check each answer against its schema. */

import type { RouteConfig, z } from '@hono/zod-openapi';
import { afterEach } from 'vitest';
import {
  createInstance,
  createRequest,
  type InstanceInit,
  ManualClock,
  type RequestInit as SchedulerRequest,
  seededRandom,
} from '../../domain/index.ts';
import { fifoPolicy } from '../../queueing/index.ts';
import { findPreset, RoutingProfile } from '../../routing/index.ts';
import { DEFAULT_SCHEDULER_SETTINGS, LiveScheduler, type Ticket } from '../../scheduler/index.ts';
import { createTelemetry, type Telemetry } from '../../telemetry/index.ts';
import { createAdmin } from '../admin.ts';
import { createAdminApp } from '../app.ts';
import type { AdminOptions } from '../options.ts';
import type { ErrorBody } from '../schemas.ts';
import { methodsOf } from '../unknown-route.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The answer's JSON; fails when it is none. */
  json<T = Record<string, unknown>>(): T;
}

export interface ControlRoom {
  readonly url: string;
  readonly clock: ManualClock;
  readonly scheduler: LiveScheduler;
  readonly telemetry: Telemetry;
  readonly options: AdminOptions;
  addInstance(init: Partial<InstanceInit> & { readonly id: string }): void;
  submit(init: Partial<SchedulerRequest> & { readonly id: string }): Ticket;
  call(path: string, init?: RequestInit): Promise<Answer>;
  close(): Promise<void>;
}

export async function openControlRoom(options: Partial<AdminOptions> = {}): Promise<ControlRoom> {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const telemetry = createTelemetry({ version: '1.2.3', clock });
  const scheduler = new LiveScheduler({
    clock,
    random: seededRandom(1),
    policy: fifoPolicy(),
    profile: new RoutingProfile(findPreset('least-loaded')!),
    settings: DEFAULT_SCHEDULER_SETTINGS,
    timers: globalThis,
    onDecision: telemetry.onDecision,
  });
  telemetry.watch(scheduler);
  const all: AdminOptions = {
    port: 0,
    version: '1.2.3',
    scheduler,
    decisions: telemetry.decisions,
    instanceErrors: telemetry.instanceErrors,
    metricsText: telemetry.metricsText,
    shadow: {
      start: ({ routing, policy }) =>
        scheduler.setShadow({
          random: seededRandom(2),
          ...(routing !== undefined && { profile: new RoutingProfile(findPreset(String(routing))) }),
          ...(policy !== undefined && { policy: fifoPolicy() }),
        }),
      stop: () => scheduler.setShadow(undefined),
    },
    ...options,
  };
  const admin = createAdmin(all);
  const url = await admin.listen();
  const check = schemaCheck(all);
  return {
    url,
    clock,
    scheduler,
    telemetry,
    options: all,
    addInstance(init) {
      const instance = createInstance({ url: `http://${init.id}.test:8000`, models: ['llama'], ...init });
      scheduler.tellFleet({ type: 'instance-added', instance });
      scheduler.tellFleet({ type: 'instance-health', instanceId: init.id, isHealthy: true });
    },
    submit(init) {
      const request = createRequest({ model: 'llama', arrivalMs: clock.now(), ...init });
      return scheduler.submit(request, { onDispatch: () => {}, onReject: () => {} });
    },
    async call(path, init) {
      const response = await fetch(url + path, init);
      const text = await response.text();
      check(init?.method ?? 'GET', new URL(url + path).pathname, response, text);
      const { status, headers } = response;
      return { status, headers, text, json: <T>() => JSON.parse(text) as T };
    },
    async close() {
      await admin.close();
      scheduler.close();
      telemetry.stop();
    },
  };
}

type ErrorView = z.infer<typeof ErrorBody>['error'];

/** What a failed call said, with its status. */
export async function failure(room: ControlRoom, path: string, init?: RequestInit) {
  const answer = await room.call(path, init);
  return { status: answer.status, headers: answer.headers, ...answer.json<{ error: ErrorView }>().error };
}

/** Opens rooms that are closed after each test. */
export function controlRooms(): (options?: Partial<AdminOptions>) => Promise<ControlRoom> {
  const rooms: ControlRoom[] = [];
  afterEach(async () => {
    await Promise.all(rooms.splice(0).map((room) => room.close()));
  });
  return async function open(options) {
    const room = await openControlRoom(options);
    rooms.push(room);
    return room;
  };
}

/** Fails on an answer that the API's description does not foresee. */
function schemaCheck(options: AdminOptions) {
  const routes = createAdminApp(options)
    .openAPIRegistry.definitions.filter((definition) => definition.type === 'route')
    .map(({ route }): RouteConfig => route);
  return (method: string, path: string, response: Response, text: string): void => {
    const route = routes.find(
      (each) =>
        each.method === method.toLowerCase() &&
        methodsOf(path, [{ method: 'ANY', path: each.path.replaceAll(/\{(\w+)\}/g, ':$1') }]).length > 0,
    );
    if (route === undefined) return;
    const described = route.responses[response.status];
    if (described === undefined || '$ref' in described) {
      throw new Error(`${method} ${path} answered ${response.status}, which is not described: ${text}`);
    }
    const type = (response.headers.get('content-type') ?? '').split(';')[0]!;
    const content = described.content?.[type as 'application/json'];
    if (content === undefined || '$ref' in content) {
      throw new Error(`${method} ${path} answered ${type}, which is not described`);
    }
    const schema = content.schema as z.ZodType;
    schema.parse(type === 'application/json' ? JSON.parse(text) : text);
  };
}
