/** Doors for other proxies, which keep the bytes and ask only where a request should go. */

export { createSelectRoutes, type SelectRoutes } from './api/mount.ts';
export { createSelectApi, type SelectApi, type SelectApiParts } from './api/select-api.ts';
export {
  createSelectServer,
  DEFAULT_SELECT_HOST,
  DEFAULT_SELECT_PORT,
  type SelectServer,
  type SelectServerOptions,
} from './api/server.ts';
export { createF5Sideband, type F5Sideband, type F5SidebandOptions } from './f5/f5-sideband.ts';
export type { SidebandLog } from './f5/log.ts';
export {
  INITIAL_SCORE,
  type Member,
  type MemberAddress,
  type MemberReading,
  type MetricMemory,
  memberName,
} from './pools/member.ts';
export {
  type Freshness,
  POOL_ENGINES,
  Pool,
  type PoolEngine,
  type PoolSettings,
  poolKey,
} from './pools/pool.ts';
export { PoolTable } from './pools/pool-table.ts';
export { type SelectDecision, SelectDecisionLog } from './select/decision-log.ts';
export { chooseAmong, type Selection, type SelectRequest, select } from './select/select.ts';
