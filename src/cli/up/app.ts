/** The house put together: scheduler, fleet, gateway and control listener from one configuration. */

import { resolve } from 'node:path';
import { type Admin, createAdmin, type ReloadResult } from '../../admin/index.ts';
import {
  type ChainInstance,
  type ChainService,
  createChainListener,
  createChainRoutes,
} from '../../chains/index.ts';
import type { Config } from '../../config/index.ts';
import { createFleet, type Fleet, type InstanceSettings } from '../../discovery/index.ts';
import { type Clock, type FleetEvent, seededRandom } from '../../domain/index.ts';
import {
  createGateway,
  createIntake,
  createRequestIds,
  type Gateway,
  type UpdatableIntake,
} from '../../gateway/index.ts';
import { LiveScheduler } from '../../scheduler/index.ts';
import type { F5Sideband } from '../../sideband/index.ts';
import type { RegisteredEngine } from '../../tasks/index.ts';
import {
  type AppLog,
  createLogger,
  createRequestTracing,
  createTelemetry,
  type OpenTracing,
  type Telemetry,
} from '../../telemetry/index.ts';
import { VERSION } from '../version.ts';
import { Brain } from './brain.ts';
import { EmbeddedEngines } from './embedded-engines.ts';
import { openF5 } from './f5.ts';
import { wantedInstances } from './instances.ts';
import { openPipelines } from './pipelines.ts';
import { gatewaySettings, intakeSettings } from './settings.ts';
import { shadowControl } from './shadow.ts';
import { openListener } from './start-error.ts';
import { type OpenStrategy, strategyOpener } from './strategy.ts';
import { createTasks, type Tasks } from './tasks.ts';
import { openTracing } from './tracing.ts';

/** Epoch milliseconds that never go backwards, whatever happens to the system's clock. */
export const SYSTEM_CLOCK: Clock = { now: () => performance.timeOrigin + performance.now() };

export interface App {
  readonly log: AppLog;
  readonly telemetry: Telemetry;
  readonly fleet: Fleet;
  /** Addresses once it listens; no address of the data listener when there is only the select API to serve. */
  readonly dataUrl: string | undefined;
  readonly selectUrl: string | undefined;
  readonly controlUrl: string;
  readonly config: Config;
  /** Whether some instance takes requests. */
  isReady(): boolean;
  /** The task queue, unless it is switched off. */
  readonly tasks: Tasks | undefined;
  /** Takes over another configuration while requests wait and run; several one after the other. */
  apply(config: Config): Promise<void>;
  /** Lets requests in flight finish for as long as the configuration allows. */
  close(): Promise<void>;
}

export interface AppHooks {
  /** Loads the configuration anew; absent without a file. */
  readonly reload?: () => Promise<ReloadResult>;
  /** The folder of the configuration file, from which paths in it count; the working directory without a file. */
  readonly directory?: string;
  /** What a new embedded task store begins with. */
  readonly taskStoreTemplate?: string;
}

interface Parts {
  readonly f5: F5Sideband | undefined;
  readonly brain: Brain;
  readonly scheduler: LiveScheduler;
  readonly telemetry: Telemetry;
  readonly intake: UpdatableIntake;
  readonly gateway: Gateway;
  readonly fleet: Fleet;
  readonly embedded: EmbeddedEngines;
  readonly log: AppLog;
  /** How each instance wants to be called, by its id. */
  readonly upstreams: Map<string, Upstream>;
  readonly instances: WatchedInstances;
  readonly tasks: Tasks | undefined;
  readonly chains: ChainService | undefined;
  /** The configuration in force. */
  readonly inForce: { config: Config };
  readonly tracing: OpenTracing | undefined;
  readonly openStrategy: OpenStrategy;
}

/** What discovery is told to watch: what the configuration names, and engines that registered themselves. */
interface WatchedInstances {
  configured: readonly InstanceSettings[];
  registered: readonly RegisteredEngine[];
  /** Chains of nodes, each as one instance. */
  chains: readonly ChainInstance[];
}

interface Upstream {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: InstanceSettings['tls'];
}

export async function startApp(initial: Config, hooks: AppHooks = {}): Promise<App> {
  const parts = await build(initial, hooks);
  const { gateway, fleet, log, telemetry } = parts;
  let config = initial;
  let isClosing = false;
  const admin = control(parts, initial, {
    ...hooks,
    config: () => config,
    isAccepting: () => !isClosing,
  });
  let applying = Promise.resolve();
  const takeOver = async (next: Config): Promise<void> => {
    const strategy = await parts.openStrategy(next.tasks.strategy);
    const scheduling = await parts.brain.change(config, next);
    await watchInstances(parts, next);
    parts.tasks?.update(next, strategy);
    parts.scheduler.reconfigure(scheduling);
    parts.intake.update(intakeSettings(next));
    gateway.update(gatewaySettings(next));
    log.setLevel(next.logging.level);
    config = next;
    parts.inForce.config = next;
  };
  try {
    await parts.tasks?.open();
    await watchInstances(parts, config);
    const { listeners } = config;
    const selectUrl = await parts.f5?.start();
    const isGateway = parts.f5 === undefined || config.instances.length > 0 || config.pipelines !== undefined;
    const data = isGateway
      ? await openListener('data', listeners.data, () => gateway.listen(listeners.data))
      : undefined;
    const controlUrl = await openListener('control', listeners.control, () => admin.listen());
    telemetry.onConfigLoad(true);
    return {
      log,
      telemetry,
      fleet,
      dataUrl: data && urlOf(data.host, data.port),
      selectUrl,
      controlUrl,
      tasks: parts.tasks,
      get config() {
        return config;
      },
      isReady: () => isReady(parts.scheduler),
      apply(next) {
        const turn = applying.then(() => takeOver(next));
        applying = turn.catch(() => undefined);
        return turn;
      },
      async close() {
        isClosing = true;
        await closeAll(parts, admin, config.shutdown.graceMs);
      },
    };
  } catch (error) {
    await closeAll(parts, admin, 0);
    throw error;
  }
}

async function build(config: Config, { directory = '.', taskStoreTemplate }: AppHooks): Promise<Parts> {
  const pathOf = (file: string): string => resolve(directory, file);
  const random = seededRandom(config.seed ?? Math.floor(SYSTEM_CLOCK.now()));
  const log = await createLogger(config.logging);
  const telemetry = createTelemetry({
    clock: SYSTEM_CLOCK,
    version: VERSION,
    decisionLogSize: config.decisions.keep,
    requestLog: log.requests,
  });
  const tracing = await openTracing(config, VERSION, log.component('tracing'));
  const brain = new Brain({
    clock: SYSTEM_CLOCK,
    pathOf,
    onPolicyFile: ({ kind, ...news }) =>
      log.component('policy')[kind === 'reloaded' ? 'info' : 'warn'](news, kind),
    onTableNews: ({ kind, message }) =>
      log.component('prediction')[kind === 'reloaded' ? 'info' : 'warn'](message),
    onServiceNews: ({ url, ...news }) => {
      const predictionLog = log.component('prediction');
      if (news.isAnswering) predictionLog.info({ url }, 'the predictor service answers again');
      else predictionLog.warn({ url, reason: news.reason }, 'the predictor service does not answer');
    },
    onSwitch: (change) => log.component('scheduler').info(change, 'policy switched'),
    waitingRequests: () => scheduler.waitingRequests(),
  });
  const scheduler = new LiveScheduler({
    ...(await brain.open(config)),
    listeners: [...brain.listeners, createChainListener(() => chains)],
    gate: brain.gate,
    clock: SYSTEM_CLOCK,
    random,
    timers: globalThis,
    stopwatch: performance,
    onDecision(decision, tookMicros) {
      telemetry.onDecision(decision, tookMicros);
      brain.metrics.onDecision(decision, tookMicros);
    },
  });
  telemetry.watch(scheduler);
  telemetry.watchPredictor(brain.predictor);
  const intake = createIntake({
    modelNames: () => scheduler.modelNames(),
    random,
    requestIds: createRequestIds(),
    settings: intakeSettings(config),
  });
  const upstreams: Parts['upstreams'] = new Map();
  const instances: WatchedInstances = { configured: [], registered: [], chains: [] };
  const openStrategy = strategyOpener({
    pathOf,
    random,
    onProblem: ({ message, times }) => log.component('tasks').warn({ times }, message),
  });
  const tasks = createTasks({
    spans: tracing?.spans,
    strategy: await openStrategy(config.tasks.strategy),
    ...{ config, pathOf, clock: SYSTEM_CLOCK, random, telemetry, log, door: scheduler, times: brain.times },
    ...(taskStoreTemplate !== undefined && { storeTemplate: taskStoreTemplate }),
    upstream: (id) => upstreams.get(id) ?? { headers: {}, tls: undefined },
    onEngines(engines) {
      instances.registered = engines;
      fleet.replace(allInstances(instances));
    },
    configuredIdAt: (url) => instances.configured.find((one) => one.url === url)?.id,
  });
  const gateway = createGateway({
    door: scheduler,
    intake,
    clock: SYSTEM_CLOCK,
    observer: telemetry.observer,
    tracing: tracing && createRequestTracing(tracing.spans, SYSTEM_CLOCK),
    logger: log.component('gateway'),
    upstreamHeaders: ({ id }) => ({ ...upstreams.get(id)?.headers, ...chains?.headersFor(id) }),
    upstreamTls: ({ id }) => upstreams.get(id)?.tls,
    isReady: () => isReady(scheduler),
    sideDoors: tasks === undefined ? [] : [tasks.sideDoor],
    settings: gatewaySettings(config),
    server: config.limits,
    engineClient: config.upstream,
  });
  const tellFleet = (event: FleetEvent): void => {
    scheduler.tellFleet(event);
    gateway.onFleetEvent(event);
    tasks?.onFleetEvent(event);
    logFleetEvent(log, event);
  };
  const fleet = createFleet({ sink: tellFleet, clock: SYSTEM_CLOCK, random });
  const inForce = { config };
  const chains = await openPipelines(config.pipelines, {
    ...{ log, clock: SYSTEM_CLOCK, random, pathOf },
    config: () => inForce.config,
    onInstances(list) {
      instances.chains = list;
      fleet.replace(allInstances(instances));
    },
  });
  return {
    f5: await openF5(config, log, pathOf),
    brain,
    scheduler,
    telemetry,
    intake,
    gateway,
    fleet,
    embedded: new EmbeddedEngines(),
    log,
    upstreams,
    instances,
    tasks,
    chains,
    inForce,
    tracing,
    openStrategy,
  };
}

function control(
  { brain, chains, f5, scheduler, tasks, telemetry, log }: Parts,
  { listeners, instances }: Config,
  more: Pick<Parameters<typeof createAdmin>[0], 'reload' | 'config' | 'isAccepting'>,
): Admin {
  const { host, port, token, insecure } = listeners.control;
  const simulated = instances.filter(({ kind }) => kind === 'simulated').length;
  return createAdmin({
    ...more,
    host,
    port,
    version: VERSION,
    isInsecure: insecure,
    ...(token !== undefined && { token: token.reveal() }),
    scheduler,
    decisions: telemetry.decisions,
    metricsText: telemetry.metricsText,
    figures: brain.metrics,
    scaling: { clock: SYSTEM_CLOCK, loads: brain.loads, predictor: brain.predictor },
    instanceErrors: telemetry.instanceErrors,
    ...(simulated > 0 && { fleetDescription: `${simulated} simulated engines` }),
    logLevel: log,
    routes: [
      ...(f5 === undefined ? [] : [f5.routes]),
      ...(tasks?.routes ?? []),
      ...(chains === undefined ? [] : [createChainRoutes(chains, SYSTEM_CLOCK)]),
    ],
    upgrades: tasks?.upgrades ?? [],
    shadow: shadowControl(scheduler, brain, () => seededRandom(Math.floor(SYSTEM_CLOCK.now()))),
    onInternalError: (error) => log.component('admin').error({ err: error }, 'a control request failed'),
  });
}

async function watchInstances(
  { embedded, fleet, upstreams, instances }: Parts,
  config: Config,
): Promise<void> {
  const wanted = await wantedInstances(config, embedded);
  upstreams.clear();
  for (const { id, apiKey, tls } of wanted) {
    upstreams.set(id, { tls, headers: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` } });
  }
  instances.configured = wanted;
  fleet.replace(allInstances(instances));
}

/** An engine that registered itself and is configured too is what the configuration says. */
function allInstances({ configured, registered, chains }: WatchedInstances): readonly InstanceSettings[] {
  const taken = new Set(configured.flatMap(({ id, url }) => [id, url]));
  const others = registered.filter(({ id, url }) => !taken.has(id) && !taken.has(url));
  return [
    ...configured,
    ...others.map(({ id, url, engine }) => ({ id, url, ...(engine !== undefined && { engine }) })),
    ...chains.filter(({ id }) => !taken.has(id)),
  ];
}

async function closeAll(parts: Parts, admin: Admin, graceMs: number): Promise<void> {
  const [{ finished, aborted }] = await Promise.all([
    parts.gateway.close(graceMs),
    parts.tasks?.close(graceMs),
  ]);
  parts.log.logger.info({ finished, aborted }, 'stopped');
  await Promise.all([admin.close(), parts.fleet.close(), parts.embedded.close(), parts.f5?.close()]);
  await parts.tracing?.close();
  parts.chains?.close();
  parts.brain.close();
  parts.scheduler.close();
  parts.telemetry.stop();
  parts.log.close();
}

function logFleetEvent(log: AppLog, event: FleetEvent): void {
  if (event.type === 'instance-reported') return;
  const fleetLog = log.component('fleet');
  if (event.type === 'instance-added') {
    const { id, url, engine, models } = event.instance;
    fleetLog.info({ instance: id, url, engine, models }, 'instance known');
  } else if (event.type === 'instance-health') {
    const { instanceId, isHealthy, detail } = event;
    const level = isHealthy ? 'info' : 'warn';
    fleetLog[level]({ instance: instanceId, detail }, isHealthy ? 'instance healthy' : 'instance unhealthy');
  } else {
    fleetLog.info({ instance: event.instanceId }, event.type.replace('-', ' '));
  }
}

function isReady(scheduler: LiveScheduler): boolean {
  return scheduler.instances().some(({ state }) => state === 'ready');
}

export function urlOf(host: string, port: number): string {
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${shown.includes(':') ? `[${shown}]` : shown}:${port}`;
}
