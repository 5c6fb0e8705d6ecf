/** The select API over the pools of an F5 appliance, as the existing scheduler's own file configures it. */

import { type F5Settings, type FileChanges, type LoadedFile, watchF5File } from '../../discovery/f5/index.ts';
import { seededRandom } from '../../domain/index.ts';
import { type Repetition, repeat, type Surroundings, SYSTEM_TIMERS } from '../../engines/index.ts';
import { createSelectRoutes, type SelectRoutes } from '../api/mount.ts';
import { createSelectApi, type SelectApi } from '../api/select-api.ts';
import { createSelectServer, type SelectServer } from '../api/server.ts';
import { poolKey } from '../pools/pool.ts';
import { PoolTable } from '../pools/pool-table.ts';
import { createF5Clients } from './f5-clients.ts';
import { createKeySync } from './key-sync.ts';
import type { SidebandLog } from './log.ts';
import { poolSettingsOf } from './pool-settings.ts';
import { listMembers, readFigures } from './rounds.ts';

export interface F5SidebandOptions {
  /** What `loadF5File` gave. */
  readonly loaded: LoadedFile;
  /** The file, to be looked at for changes; without it there are none. */
  readonly path?: string;
  readonly log: SidebandLog;
  /** Another address than the file's; `none` when the routes are only mounted elsewhere. */
  readonly listener?: { readonly host?: string; readonly port?: number } | 'none';
  /** Told of the log level when the file changes it. */
  readonly onLogLevel?: (level: F5Settings['logLevel']) => void;
  readonly surroundings?: Surroundings;
  /** Where passwords are; the process's own environment by default. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface F5Sideband {
  /** Opens the listener and begins to ask; the result is the address to call, if it has one. */
  start(): Promise<string | undefined>;
  /** Stops asking, gives the token back, closes the listener. */
  close(): Promise<void>;
  /** For a listener that is shared with others. */
  readonly routes: SelectRoutes;
  readonly api: SelectApi;
  readonly pools: PoolTable;
  settings(): F5Settings;
}

/** How often it is looked whether some pool's keys are due. */
const KEY_CHECK_MS = 1_000;

export function createF5Sideband(options: F5SidebandOptions): F5Sideband {
  const { log, loaded, path, surroundings = realSurroundings() } = options;
  const { clock, random } = surroundings;
  const pools = new PoolTable();
  const clients = createF5Clients(clock);
  let settings = loaded.settings;
  const parts = { pools, settings: () => settings, ...clients, clock, log };
  const keySync = createKeySync({ ...parts, sections: () => settings.pools });
  const keyHealth = () => keySync.health();
  const api = createSelectApi({ pools, clock, random, freshness: () => settings, keyHealth });
  let server: SelectServer | undefined;
  let running: readonly Repetition[] = [];
  /** Changes are taken over one after the other. */
  let applying: Promise<void> = Promise.resolve();

  async function apply(next: F5Settings, isNewAppliance: boolean): Promise<void> {
    const prepared = await clients.prepare(next, isNewAppliance);
    settings = next;
    pools.configure(next.pools.map(poolSettingsOf));
    await prepared.take();
  }

  function every(intervalMs: () => number, work: (signal: AbortSignal) => Promise<void>): Repetition {
    return repeat(work, { intervalMs, firstDelayMs: 0, jitterShare: 0 }, surroundings);
  }

  function begin(): void {
    const figures = every(
      () => settings.metricsFetchIntervalMs,
      (signal) => readFigures(parts, signal),
    );
    const members = every(
      () => settings.poolFetchIntervalMs,
      async () => {
        if (await listMembers(parts)) figures.hurry();
      },
    );
    const keys = every(
      () => KEY_CHECK_MS,
      (signal) => keySync.run(signal),
    );
    running = [members, figures, keys];
    if (path === undefined) return;
    const hurry = () => {
      members.hurry();
      figures.hurry();
    };
    running = [...running, watch(path, hurry)];
  }

  function watch(file: string, onApplied: () => void): Repetition {
    return watchF5File(file, {
      initial: loaded,
      surroundings,
      ...(options.env && { env: options.env }),
      onError: ({ message }) =>
        log.error({ reason: message }, 'the changed file is not used; the one before stays'),
      onChange(next, changes) {
        const done = () => {
          takeOver(next, changes);
          onApplied();
        };
        const failed = (error: unknown) =>
          log.error({ err: error }, 'the changed file could not be taken over');
        applying = applying.then(() => apply(next.settings, changes.f5)).then(done, failed);
      },
    });
  }

  function takeOver({ settings: next, warnings }: LoadedFile, changes: FileChanges): void {
    const changed = Object.entries(changes).flatMap(([part, has]) => (has ? [part] : []));
    log.info({ changed }, 'configuration changed');
    for (const warning of warnings) log.warn({}, warning);
    if (changes.metricKeys) for (const pool of pools.all()) pool.forgetMetricKeys();
    if (changes.logLevel) options.onLogLevel?.(next.logLevel);
    if (changes.apiHost || changes.apiPort) {
      log.warn({}, 'global.api_host and global.api_port come into force at the next start');
    }
  }

  async function listen(): Promise<string | undefined> {
    if (options.listener === 'none') return undefined;
    const onInternalError = (error: unknown) => log.error({ err: error }, 'a call of the select API failed');
    server = createSelectServer({ api, ...settings.listener, ...options.listener, onInternalError });
    return server.listen();
  }

  return {
    routes: createSelectRoutes(api),
    api,
    pools,
    settings: () => settings,
    async start() {
      for (const warning of loaded.warnings) log.warn({}, warning);
      await apply(settings, true);
      const url = await listen();
      begin();
      log.info({ url, pools: settings.pools.map(poolKey), mode: settings.mode?.name }, 'select API ready');
      return url;
    },
    async close() {
      for (const one of running) one.stop();
      await applying;
      await server?.close();
      await clients.close();
    },
  };
}

function realSurroundings(): Surroundings {
  const random = seededRandom(Math.floor(Math.random() * 2 ** 32));
  return { clock: { now: () => Date.now() }, timers: SYSTEM_TIMERS, random };
}
