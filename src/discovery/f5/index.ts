/** Pools of an F5 appliance and the figures of their members' engines. */

export { compareFiles, type FileChanges } from './config/changes.ts';
export { ConfigurationError } from './config/configuration-error.ts';
export {
  type LoadedFile,
  loadF5File,
  readF5Settings,
  type WatchF5Options,
  watchF5File,
} from './config/load.ts';
export { parseSchedulerFile } from './config/parse-scheduler-file.ts';
export type {
  FailureMode,
  KeySyncSection,
  MetricKeys,
  PoolSection,
  SchedulerFile,
} from './config/scheduler-file.ts';
export { type ApplianceSettings, type F5Settings, toF5Settings } from './config/settings.ts';
export { ApplianceError, meansPoolIsGone } from './icontrol/appliance-error.ts';
export { createIControlClient, type IControlClient, type IControlOptions } from './icontrol/client.ts';
export type { ListedMember } from './icontrol/members.ts';
export type { ObjectName } from './icontrol/object-name.ts';
export { createMemberClient, type MemberClient, type MemberFigures } from './metrics/member-client.ts';
export { readTls } from './tls.ts';
