/** A pool of the configuration file as the table of pools knows it. */

import type { PoolSection } from '../../discovery/f5/index.ts';
import type { MemberAddress } from '../pools/member.ts';
import type { PoolSettings } from '../pools/pool.ts';
import { parseMemberName } from '../select/candidates.ts';

export function poolSettingsOf({ name, partition, engine, fallback }: PoolSection): PoolSettings {
  return {
    name,
    partition,
    engine,
    isFallback: fallback.isFallback,
    ...(fallback.maxRunning !== undefined && { maxRunning: fallback.maxRunning }),
    ...(fallback.maxWaiting !== undefined && { maxWaiting: fallback.maxWaiting }),
  };
}

/** The members that the file itself names; `undefined` when the appliance has to be asked. */
export function namedAddresses({ members }: PoolSection): readonly MemberAddress[] | undefined {
  return members?.flatMap((name) => parseMemberName(name) ?? []);
}
