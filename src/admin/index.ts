/** The control listener. */

export { type Admin, createAdmin } from './admin.ts';
export { isLoopback } from './guards/binding.ts';
export type {
  AdminOptions,
  LogLevelControl,
  MountableRoutes,
  ReloadResult,
  ShadowControl,
  ShadowWish,
} from './options.ts';
export type { DecisionBody, DecisionListBody } from './schemas.ts';
