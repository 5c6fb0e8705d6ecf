/** Where instances come from, and how the scheduler gets to know of them. */

export type {
  HealthDescription,
  InstanceDescription,
  LookUpDescription,
  ScrapeDescription,
} from './description.ts';
export { createFleet, type Fleet, type FleetOptions } from './fleet.ts';
export { type InstanceSettings, instanceIdForUrl, settingsForUrl } from './instance-settings.ts';
