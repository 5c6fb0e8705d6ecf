/** The instances that registered themselves: looked at, stored, watched, and let go when what they run has ended. */

import type { Clock, EngineKind } from '../../domain/index.ts';
import { type Repetition, repeat, type Surroundings } from '../../engines/index.ts';
import type { StoredInstance, TaskStore } from '../store/task-store.ts';
import type { GuardedClient } from './guarded-client.ts';
import { hostAndPort, uuidOfInstance } from './instance-names.ts';
import type {
  InstanceName,
  InstanceRegistry,
  RegisteredInstance,
  Registration,
  RegistrationWish,
} from './instance-registry.ts';
import { type Finding, isUnhealthy, lookAt } from './look-at.ts';
import { askInfo } from './task-instance-client.ts';

/** A registered instance with what is known of how it is. */
export interface KnownInstance extends RegisteredInstance {
  readonly replicas: number | undefined;
  /** Whether its last check went well; engines are watched by the fleet instead. */
  readonly isReachable: boolean;
  readonly engine: EngineKind | undefined;
}

/** An engine as the fleet is to know it: at the very address that was checked. */
export interface RegisteredEngine {
  readonly id: string;
  readonly url: string;
  readonly engine: EngineKind | undefined;
}

export interface RegistrySettings {
  readonly registration: { readonly timeoutMs: number };
  readonly instanceCheckIntervalMs: number;
  readonly instanceLostAfterMs: number;
}

export interface RegistryOptions {
  readonly store: Pick<TaskStore, 'instances' | 'saveInstance' | 'deleteInstance'>;
  readonly client: GuardedClient;
  readonly settings: () => RegistrySettings;
  readonly surroundings: Surroundings;
  /** Whether some task is still in the hands of this instance. */
  readonly isWorking: (uuid: string) => Promise<boolean>;
  /** The id of the configured instance at this address, where there is one: then it is that instance. */
  readonly configuredIdAt?: (url: string) => string | undefined;
  readonly onEngines: (engines: readonly RegisteredEngine[]) => void;
  /** Something may be possible that was not: an instance came, came back, or has more replicas. */
  readonly onNews: () => void;
  readonly onLost: (instance: RegisteredInstance, reason: string) => void;
}

export interface Registry extends InstanceRegistry {
  /** Takes over what is stored: at the start, and what other processes registered since. */
  load(): Promise<void>;
  known(): readonly KnownInstance[];
  /** By UUID, draining ones too. */
  byUuid(uuid: string): KnownInstance | undefined;
  /** To be called when a task ended there: the last one of a draining instance lets it go. */
  worked(uuid: string): void;
  /** A call to it failed: it counts as out of reach until it answers again. */
  failed(uuid: string): void;
  close(): void;
}

interface Entry {
  stored: StoredInstance;
  readonly host: string;
  readonly port: number;
  /** What `host` stood for when it registered, each with the port. */
  readonly addresses: readonly string[];
  isDraining: boolean;
  replicas: number | undefined;
  isReachable: boolean;
  unreachableSinceMs: number | undefined;
  isLost: boolean;
  check: Repetition | undefined;
}

export function createRegistry(options: RegistryOptions): Registry {
  const { store, client, surroundings } = options;
  const { clock } = surroundings;
  const entries = new Map<string, Entry>();
  let isClosed = false;

  function add(stored: StoredInstance): Entry {
    const url = new URL(stored.url);
    const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
    const entry: Entry = {
      stored,
      host: url.hostname,
      port,
      addresses: addressesIn(stored, port),
      isDraining: stored.facts.isDraining === true,
      replicas: typeof stored.facts.replicas === 'number' ? stored.facts.replicas : undefined,
      isReachable: true,
      unreachableSinceMs: undefined,
      isLost: false,
      check: undefined,
    };
    entries.set(stored.uuid, entry);
    if (stored.kind === 'task-instance') watch(entry);
    return entry;
  }

  function watch(entry: Entry): void {
    if (isClosed) return;
    const intervalMs = () => options.settings().instanceCheckIntervalMs;
    entry.check = repeat(() => check(entry), { intervalMs, firstDelayMs: intervalMs() }, surroundings);
  }

  async function check(entry: Entry): Promise<void> {
    try {
      await look(entry);
    } catch {
      // The store failed; what was seen is seen again at the next check.
    }
  }

  async function look(entry: Entry): Promise<void> {
    const { registration } = options.settings();
    const asked = await askInfo(client, entry.stored.url, registration.timeoutMs);
    if (isClosed || entries.get(entry.stored.uuid) !== entry) return;
    if (asked.type !== 'info') {
      missed(entry, asked.message);
      return;
    }
    const { info } = asked;
    if (isUnhealthy(info.status)) {
      missed(entry, `it says "${info.status}"`);
      return;
    }
    const hasNews =
      !entry.isReachable ||
      info.replicas !== entry.replicas ||
      (info.model ?? entry.stored.model) !== entry.stored.model;
    entry.isReachable = true;
    entry.isLost = false;
    entry.unreachableSinceMs = undefined;
    entry.replicas = info.replicas;
    if (info.model !== undefined && info.model !== entry.stored.model) {
      entry.stored = { ...entry.stored, model: info.model };
      await store.saveInstance(entry.stored);
    }
    if (hasNews) options.onNews();
  }

  function missed(entry: Entry, reason: string): void {
    const nowMs = clock.now();
    entry.isReachable = false;
    entry.unreachableSinceMs ??= nowMs;
    const silentMs = nowMs - entry.unreachableSinceMs;
    if (entry.isLost || silentMs < options.settings().instanceLostAfterMs) return;
    entry.isLost = true;
    options.onLost(shown(entry), `unreachable for ${Math.round(silentMs)} ms: ${reason}`);
    void letGo(entry);
  }

  /** A draining instance goes once nothing runs there any more. */
  async function letGo(entry: Entry): Promise<void> {
    const { uuid } = entry.stored;
    if (!entry.isDraining) return;
    try {
      if (await options.isWorking(uuid)) return;
      // It may have registered again meanwhile.
      if (!entry.isDraining || entries.get(uuid) !== entry) return;
      forget(entry);
      await store.deleteInstance(uuid);
    } catch {
      // It is still known as draining at the next start, and let go then.
    }
  }

  function forget(entry: Entry): void {
    entry.check?.stop();
    entries.delete(entry.stored.uuid);
  }

  function tellEngines(): void {
    const engines = [...entries.values()].filter(
      ({ stored, isDraining }) => stored.kind === 'engine' && !isDraining,
    );
    options.onEngines(
      engines.map(({ stored, host, port }) => ({
        id: hostAndPort(host, port),
        url: typeof stored.facts.checkedUrl === 'string' ? stored.facts.checkedUrl : stored.url,
        engine: stored.facts.engine as EngineKind | undefined,
      })),
    );
  }

  function found(name: InstanceName): Entry | undefined {
    if ('uuid' in name) return entries.get(name.uuid.toLowerCase());
    return byAddress(hostAndPort(name.host, name.port));
  }

  function byAddress(address: string): Entry | undefined {
    const wanted = address.toLowerCase();
    const all = [...entries.values()];
    const byName = all.find(({ host, port }) => hostAndPort(host, port) === wanted);
    // It may call itself by another name than it was registered under.
    return byName ?? all.find(({ addresses }) => standsFor(wanted).some((one) => addresses.includes(one)));
  }

  return {
    async load() {
      const stored = await store.instances();
      const present = new Set(stored.map(({ uuid }) => uuid));
      for (const entry of [...entries.values()]) if (!present.has(entry.stored.uuid)) forget(entry);
      for (const one of [...stored].sort((a, b) => a.registeredMs - b.registeredMs)) {
        const entry = entries.get(one.uuid);
        if (entry === undefined) add(one);
        else entry.isDraining = one.facts.isDraining === true;
      }
      for (const entry of [...entries.values()]) void letGo(entry);
      tellEngines();
      options.onNews();
    },

    async register(wish) {
      const place = addressOf(wish);
      if ('reason' in place) return { type: 'refused', reason: place.reason };
      const { url, host, port } = place;
      const resolved = await client.resolve(host);
      if ('refusal' in resolved) return { type: 'refused', reason: resolved.refusal };
      const finding = await lookAt(client, url, options.settings().registration.timeoutMs);
      if (finding.type === 'unfit') {
        return { type: 'refused', reason: `${hostAndPort(host, port)} is not registered: ${finding.reason}` };
      }
      const id = options.configuredIdAt?.(url) ?? hostAndPort(host, port);
      const uuid = uuidOfInstance(id);
      const known = entries.get(uuid);
      const stored = storedOf({ uuid, url, wish, finding, addresses: resolved.addresses, clock });
      const registeredMs = known?.stored.registeredMs ?? stored.registeredMs;
      await store.saveInstance({ ...stored, registeredMs });
      known?.check?.stop();
      add({ ...stored, registeredMs });
      tellEngines();
      options.onNews();
      return {
        type: 'registered',
        uuid,
        model: stored.model,
        isNew: known === undefined,
      } satisfies Registration;
    },

    async remove(name) {
      const entry = found(name);
      if (entry === undefined) return undefined;
      entry.isDraining = true;
      entry.stored = { ...entry.stored, facts: { ...entry.stored.facts, isDraining: true } };
      await store.saveInstance(entry.stored);
      const removed = shown(entry);
      tellEngines();
      await letGo(entry);
      return removed;
    },

    list: () => [...entries.values()].map(shown),
    known: () => [...entries.values()].map(shown),
    byUuid: (uuid) => {
      const entry = entries.get(uuid);
      return entry && shown(entry);
    },
    find(name) {
      const entry =
        entries.get(name.toLowerCase()) ?? byAddress(name.replace(/^https?:\/\//, '').replace(/\/+$/, ''));
      return entry && shown(entry);
    },
    worked(uuid) {
      const entry = entries.get(uuid);
      if (entry !== undefined) void letGo(entry);
    },
    failed(uuid) {
      const entry = entries.get(uuid);
      if (entry === undefined || entry.stored.kind === 'engine') return;
      entry.isReachable = false;
      entry.unreachableSinceMs ??= clock.now();
      entry.check?.hurry();
    },
    close() {
      isClosed = true;
      for (const entry of entries.values()) entry.check?.stop();
    },
  };
}

function shown(entry: Entry): KnownInstance {
  const { stored, host, port, isDraining, replicas, isReachable } = entry;
  const { uuid, url, model, kind, facts } = stored;
  const engine = facts.engine as EngineKind | undefined;
  return { uuid, host, port, url, model, kind, isDraining, replicas, isReachable, engine };
}

function addressesIn({ facts }: StoredInstance, port: number): readonly string[] {
  const addresses: readonly unknown[] = Array.isArray(facts.addresses) ? facts.addresses : [];
  return addresses.map((address) => hostAndPort(String(address), port));
}

/** No name is resolved for a report; but this one is known to everybody. */
function standsFor(address: string): readonly string[] {
  const port = /^localhost:(\d+)$/.exec(address)?.[1];
  return port === undefined ? [address] : [`127.0.0.1:${port}`, `[::1]:${port}`];
}

type Place =
  | { readonly url: string; readonly host: string; readonly port: number }
  | { readonly reason: string };

/** Only a host and a port: whatever else the URL parser would read into the text is refused. */
function addressOf({ host, port }: RegistrationWish): Place {
  const bare = host.trim().replace(/^\[(.*)\]$/, '$1');
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    return { reason: `port must be a whole number from 1 to 65535; found ${port}` };
  }
  if (!/^[\w.-]+$|^[\da-f:.]+$/i.test(bare)) {
    return { reason: `host must be a name or an IP address; found ${JSON.stringify(host.slice(0, 200))}` };
  }
  const parsed = URL.parse(`http://${hostAndPort(bare, port)}`);
  if (parsed === null)
    return { reason: `host must be a name or an IP address; found ${JSON.stringify(host.slice(0, 200))}` };
  return {
    url: parsed.origin.includes(`:${port}`) ? parsed.origin : `${parsed.origin}:${port}`,
    host: parsed.hostname,
    port,
  };
}

function storedOf(facts: {
  readonly uuid: string;
  readonly url: string;
  readonly wish: RegistrationWish;
  readonly finding: Exclude<Finding, { type: 'unfit' }>;
  readonly addresses: readonly string[];
  readonly clock: Clock;
}): StoredInstance {
  const { uuid, url, wish, finding, addresses, clock } = facts;
  const shared = { uuid, url, registeredMs: clock.now() };
  if (finding.type === 'task-instance') {
    const { model, replicas } = finding;
    return {
      ...shared,
      kind: 'task-instance',
      model,
      facts: { addresses, ...(replicas !== undefined && { replicas }) },
    };
  }
  const { engine, models } = finding;
  const model = models.find((one) => one === wish.model) ?? models[0]!;
  return {
    ...shared,
    kind: 'engine',
    model,
    facts: { engine, addresses, checkedUrl: `http://${hostAndPort(addresses[0]!, wish.port)}` },
  };
}
