/** The instances that registered themselves: looked at, stored, watched, and let go when what they run has ended. */

import type { Clock, EngineKind } from '../../domain/index.ts';
import { type Repetition, repeat, type Surroundings } from '../../engines/index.ts';
import { nextRun } from '../next-run.ts';
import type { StoredInstance, TaskStore } from '../store/task-store.ts';
import { unmapped } from './address-check.ts';
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
import { canonicalAddress, isPlainAddress, placeOf } from './place-of.ts';
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
  /** Whether other processes may register instances in it, too. */
  readonly isShared: boolean;
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
  /** As `find`, and looked for in the store before it is unknown. */
  findSurely(name: string): Promise<KnownInstance | undefined>;
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
  /** Changes of the stored instances, and readings of them, one after the other: a reading must not undo what came while it was read. */
  let lastChange: Promise<unknown> = Promise.resolve();
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

  function exclusively<T>(work: () => Promise<T>): Promise<T> {
    const change = lastChange.then(work);
    lastChange = change.catch(() => undefined);
    return change;
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
    const wanted = canonicalAddress(address);
    const all = [...entries.values()];
    const named = all.find(({ host, port }) => hostAndPort(host, port) === wanted);
    // It may call itself by another name than it was registered under.
    return named ?? all.find(({ addresses }) => standsFor(wanted).some((one) => addresses.includes(one)));
  }

  function byName(name: string): Entry | undefined {
    return entries.get(name.toLowerCase()) ?? byAddress(name.replace(/^https?:\/\//, '').replace(/\/+$/, ''));
  }

  async function surely(look: () => Entry | undefined): Promise<Entry | undefined> {
    const entry = look();
    if (entry !== undefined || !options.isShared) return entry;
    await load();
    return look();
  }

  /** The machine itself under another of its names is the same instance; other names may lead to different ones behind one address. */
  function knownAs(host: string, port: number, addresses: readonly string[]): Entry | undefined {
    if (!isPlainAddress(host)) return undefined;
    const there = addresses.map((address) => hostAndPort(address, port));
    return [...entries.values()].find(
      (entry) => isPlainAddress(entry.host) && entry.addresses.some((one) => there.includes(one)),
    );
  }

  const load = nextRun(() => exclusively(readStored));

  async function readStored(): Promise<void> {
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
  }

  return {
    load,

    async register(wish) {
      const place = placeOf(wish);
      if ('reason' in place) return { type: 'refused', reason: place.reason };
      const { host, port } = place;
      const resolved = await client.resolve(host);
      if ('refusal' in resolved) return { type: 'refused', reason: resolved.refusal };
      const finding = await lookAt(client, place.url, options.settings().registration.timeoutMs);
      if (finding.type === 'unfit') {
        return { type: 'refused', reason: `${hostAndPort(host, port)} is not registered: ${finding.reason}` };
      }
      const addresses = resolved.addresses.map(unmapped);
      const alias = knownAs(host, port, addresses)?.stored;
      const urls = isPlainAddress(host) ? addresses.map((one) => `http://${hostAndPort(one, port)}`) : [];
      const configured = [place.url, ...urls].map((url) => options.configuredIdAt?.(url));
      const id = configured.find((one) => one !== undefined) ?? hostAndPort(host, port);
      const uuid = alias?.uuid ?? uuidOfInstance(id);
      const known = entries.get(uuid);
      const url = alias?.url ?? place.url;
      const stored = storedOf({ uuid, url, wish, finding, addresses, clock });
      const registeredMs = known?.stored.registeredMs ?? stored.registeredMs;
      await exclusively(async () => {
        await store.saveInstance({ ...stored, registeredMs });
        entries.get(uuid)?.check?.stop();
        add({ ...stored, registeredMs });
      });
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
      const entry = await surely(() => found(name));
      if (entry === undefined) return undefined;
      await exclusively(async () => {
        entry.isDraining = true;
        entry.stored = { ...entry.stored, facts: { ...entry.stored.facts, isDraining: true } };
        await store.saveInstance(entry.stored);
      });
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
      const entry = byName(name);
      return entry && shown(entry);
    },
    async findSurely(name) {
      const entry = await surely(() => byName(name));
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
    const known = { addresses, ...(replicas !== undefined && { replicas }) };
    return { ...shared, kind: 'task-instance', model, facts: known };
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
