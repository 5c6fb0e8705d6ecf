/** What discovery, health checks and scrapers tell of the fleet. */

import type { ExecutionInstance } from './instance.ts';
import type { InstanceReport } from './report.ts';

export type FleetEvent =
  /** A new instance, or new facts of one with the same id. It starts as `starting`. */
  | { readonly type: 'instance-added'; readonly instance: ExecutionInstance }
  /** It gets nothing new; what runs there finishes, then it is `gone`. */
  | { readonly type: 'instance-removed'; readonly instanceId: string }
  /** An operator took it out of, or back into, rotation. */
  | { readonly type: 'instance-draining'; readonly instanceId: string; readonly isDraining: boolean }
  /** What the active health check found; the first `true` turns `starting` into `ready`. */
  | {
      readonly type: 'instance-health';
      readonly instanceId: string;
      readonly isHealthy: boolean;
      readonly detail?: string;
    }
  | { readonly type: 'instance-reported'; readonly report: InstanceReport };

/** Where such news goes. */
export type FleetSink = (event: FleetEvent) => void;
