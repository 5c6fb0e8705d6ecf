/** The select API over the pools of an F5 appliance, as the existing scheduler's own file configures it. */

import {
  createIControlClient,
  createMemberClient,
  type F5Settings,
  type FileChanges,
  type IControlClient,
  type LoadedFile,
  type MemberClient,
  type PoolSection,
  readTls,
  watchF5File,
} from '../../discovery/f5/index.ts';
import { type Random, seededRandom } from '../../domain/index.ts';
import { type Repetition, repeat, type Surroundings, SYSTEM_TIMERS } from '../../engines/index.ts';
import { createSelectRoutes, type SelectRoutes } from '../api/mount.ts';
import { createSelectApi, type SelectApi } from '../api/select-api.ts';
import { createSelectServer, type SelectServer } from '../api/server.ts';
import { poolKey } from '../pools/pool.ts';
import { PoolTable } from '../pools/pool-table.ts';
import { createKeySync } from './key-sync.ts';
import type { SidebandLog } from './log.ts';
import { poolSettingsOf } from './pool-settings.ts';
import { listMembers, type RoundParts, readFigures } from './rounds.ts';

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
  const { log, path, surroundings = realSurroundings() } = options;
  const { clock } = surroundings;
  const pools = new PoolTable();
  let settings = options.loaded.settings;
  let clients = new Map<PoolSection, MemberClient>();
  let appliance: IControlClient | undefined;
  let server: SelectServer | undefined;
  let running: Repetition[] = [];
  /** Changes are taken over one after the other. */
  let applying: Promise<void> = Promise.resolve();

  const shared = {
    pools,
    appliance: () => appliance,
    memberClient: (pool: PoolSection) => clients.get(pool),
    clock,
    log,
  };
  const parts: RoundParts = { ...shared, settings: () => settings };
  const keySync = createKeySync({ ...shared, sections: () => settings.pools });
  const api = createSelectApi({
    pools,
    clock,
    random: surroundings.random,
    freshness: () => settings,
    keyHealth: () => keySync.health(),
  });

  /** Takes over settings: what cannot be made of them leaves everything as it was. */
  async function apply(next: F5Settings, isNewAppliance: boolean): Promise<void> {
    const nextClients = await makeMemberClients(next);
    const nextAppliance = isNewAppliance ? await makeAppliance(next) : appliance;
    const old = { clients, appliance };
    settings = next;
    clients = nextClients;
    appliance = nextAppliance;
    pools.configure(next.pools.map(poolSettingsOf));
    await Promise.all([...old.clients.values()].map((client) => client.close()));
    if (old.appliance !== nextAppliance) await old.appliance?.close();
  }

  async function makeAppliance({ appliance: given }: F5Settings): Promise<IControlClient | undefined> {
    return given && createIControlClient({ ...given, tls: await readTls(given.tls), clock });
  }

  function begin(): void {
    const figures = repeat(
      (signal) => readFigures(parts, signal),
      { intervalMs: () => settings.metricsFetchIntervalMs, firstDelayMs: 0, jitterShare: 0 },
      surroundings,
    );
    const members = repeat(
      async () => {
        if (await listMembers(parts)) figures.hurry();
      },
      { intervalMs: () => settings.poolFetchIntervalMs, firstDelayMs: 0, jitterShare: 0 },
      surroundings,
    );
    const keys = repeat(
      (signal) => keySync.run(signal),
      { intervalMs: () => KEY_CHECK_MS, firstDelayMs: KEY_CHECK_MS, jitterShare: 0 },
      surroundings,
    );
    running = [members, figures, keys, ...(path === undefined ? [] : [watch(path, members, figures)])];
  }

  function watch(file: string, members: Repetition, figures: Repetition): Repetition {
    return watchF5File(file, {
      initial: options.loaded,
      surroundings,
      ...(options.env && { env: options.env }),
      onError: (error) =>
        log.error({ reason: error.message }, 'the changed file is not used; the one before stays in force'),
      onChange(next, changes) {
        applying = applying
          .then(() => apply(next.settings, changes.f5))
          .then(
            () => {
              tellOf(next, changes);
              members.hurry();
              figures.hurry();
            },
            (error: unknown) => log.error({ err: error }, 'the changed file could not be taken over'),
          );
      },
    });
  }

  function tellOf({ settings: next, warnings }: LoadedFile, changes: FileChanges): void {
    const changed = Object.entries(changes).flatMap(([part, has]) => (has ? [part] : []));
    log.info({ changed }, 'configuration changed');
    for (const warning of warnings) log.warn({}, warning);
    if (changes.metricKeys) for (const pool of pools.all()) pool.forgetMetricKeys();
    if (changes.logLevel) options.onLogLevel?.(next.logLevel);
    if (changes.apiHost || changes.apiPort) {
      log.warn({}, 'global.api_host and global.api_port come into force at the next start');
    }
  }

  return {
    routes: createSelectRoutes(api),
    api,
    pools,
    settings: () => settings,
    async start() {
      for (const warning of options.loaded.warnings) log.warn({}, warning);
      await apply(settings, true);
      let url: string | undefined;
      if (options.listener !== 'none') {
        server = createSelectServer({
          api,
          ...settings.listener,
          ...options.listener,
          onInternalError: (error) => log.error({ err: error }, 'a call of the select API failed'),
        });
        url = await server.listen();
      }
      begin();
      log.info({ url, pools: settings.pools.map(poolKey), mode: settings.mode?.name }, 'select API ready');
      return url;
    },
    async close() {
      for (const one of running) one.stop();
      await applying;
      await server?.close();
      await Promise.all([...clients.values()].map((client) => client.close()));
      await appliance?.close();
    },
  };
}

async function makeMemberClients({ pools, metricKeys }: F5Settings): Promise<Map<PoolSection, MemberClient>> {
  const entries = pools.map(async (pool) => [pool, await createMemberClient(pool, metricKeys)] as const);
  return new Map(await Promise.all(entries));
}

function realSurroundings(): Surroundings {
  const random: Random = seededRandom(Math.floor(Math.random() * 2 ** 32));
  return { clock: { now: () => Date.now() }, timers: SYSTEM_TIMERS, random };
}
