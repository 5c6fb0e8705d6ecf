/** The connections that the settings ask for: to the appliance, and to the engines of each pool. */

import {
  createIControlClient,
  createMemberClient,
  type F5Settings,
  type IControlClient,
  type MemberClient,
  type PoolSection,
  readTls,
} from '../../discovery/f5/index.ts';
import type { Clock } from '../../domain/index.ts';

export interface F5Clients {
  readonly appliance: () => IControlClient | undefined;
  /** By the very section of the settings in use; others' have been closed. */
  readonly memberClient: (pool: PoolSection) => MemberClient | undefined;
  /**
   * Makes what `settings` ask for. Nothing has changed when it fails, and nothing is in use before `take` is called.
   * @throws ConfigurationError
   */
  prepare(settings: F5Settings, isNewAppliance: boolean): Promise<PreparedClients>;
  close(): Promise<void>;
}

export interface PreparedClients {
  /** Puts these in the place of those in use, which are closed. */
  take(): Promise<void>;
}

export function createF5Clients(clock: Clock): F5Clients {
  let appliance: IControlClient | undefined;
  let members: ReadonlyMap<PoolSection, MemberClient> = new Map();

  return {
    appliance: () => appliance,
    memberClient: (pool) => members.get(pool),
    async prepare(settings, isNewAppliance) {
      const nextMembers = await makeMemberClients(settings);
      const nextAppliance = isNewAppliance ? await makeAppliance(settings, clock) : appliance;
      return {
        async take() {
          const old = { appliance, members };
          appliance = nextAppliance;
          members = nextMembers;
          await closeAll(old.members.values());
          if (old.appliance !== nextAppliance) await old.appliance?.close();
        },
      };
    },
    async close() {
      await closeAll(members.values());
      await appliance?.close();
    },
  };
}

async function makeMemberClients({ pools, metricKeys }: F5Settings): Promise<Map<PoolSection, MemberClient>> {
  const entries = pools.map(async (pool) => [pool, await createMemberClient(pool, metricKeys)] as const);
  return new Map(await Promise.all(entries));
}

async function makeAppliance({ appliance }: F5Settings, clock: Clock): Promise<IControlClient | undefined> {
  return appliance && createIControlClient({ ...appliance, tls: await readTls(appliance.tls), clock });
}

async function closeAll(clients: Iterable<MemberClient>): Promise<void> {
  await Promise.all([...clients].map((client) => client.close()));
}
