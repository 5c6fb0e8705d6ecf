/** F5's iControl REST interface, as far as pools and data groups need it. */

import type { Clock } from '../../../domain/index.ts';
import type { TlsSettings } from '../../../engines/index.ts';
import { ApplianceError, failureOfStatus } from './appliance-error.ts';
import { writeDataGroup } from './data-group.ts';
import { type ListedMember, parseMembers } from './members.ts';
import { fullPath, type ObjectName } from './object-name.ts';
import { createRestClient } from './rest.ts';
import { type Credentials, createSession, type Token } from './session.ts';

export interface IControlClient {
  /** @throws ApplianceError */
  members(pool: ObjectName): Promise<readonly ListedMember[]>;
  /**
   * Makes the data group hold these records and no other, in their order.
   * @throws ApplianceError
   */
  writeDataGroup(group: ObjectName, records: ReadonlyMap<string, string>): Promise<void>;
  readonly token: Token | undefined;
  /** Gives the token back and drops all connections. */
  close(): Promise<void>;
}

export interface IControlOptions extends Credentials {
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsSettings;
  /** For each call; the default is 30 seconds. */
  readonly timeoutMs?: number;
  readonly clock: Clock;
}

const DEFAULT_TIMEOUT_MS = 30_000;
/** Stopping waits for the token to be given back, but not for an appliance that does not answer. */
const LOG_OUT_MS = 1_000;

export function createIControlClient(options: IControlOptions): IControlClient {
  const { host, port, tls = {}, timeoutMs = DEFAULT_TIMEOUT_MS, clock } = options;
  const shown = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  const rest = createRestClient({ origin: `https://${shown}:${port}`, tls, timeoutMs });
  const session = createSession(rest, options, clock);
  return {
    async members(pool) {
      const path = `/tm/ltm/pool/${fullPath(pool)}/members`;
      const { status, text } = await session.call({ method: 'GET', path });
      if (status === 200) return parseMembers(text);
      const what = `pool ${pool.name} in ${pool.partition}`;
      if (status === 404) throw new ApplianceError('missing', `there is no ${what} (404)`, status);
      throw new ApplianceError(failureOfStatus(status), `members of ${what}: answered ${status}`, status);
    },
    writeDataGroup: (group, records) => writeDataGroup(session, group, records),
    get token() {
      return session.token;
    },
    async close() {
      let timer: NodeJS.Timeout | undefined;
      const enough = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, LOG_OUT_MS);
      });
      await Promise.race([session.logOut(), enough]);
      clearTimeout(timer);
      await rest.close();
    },
  };
}
