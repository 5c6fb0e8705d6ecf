/** What the control listener is given: what it shows, what it can set in motion, and who may ask. */

import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Clock, FleetEvent, LatencyPredictor } from '../domain/index.ts';
import type { LoadMeter } from '../scaling/index.ts';
import type { SchedulerInspection } from '../scheduler/index.ts';
import type { DecisionLog, InstanceErrorLog, LogLevel, MetricsCollector } from '../telemetry/index.ts';
import type { UpgradeRoute } from './upgrades.ts';

/** Routes of another room on the same listener: guarded, documented and failing like the ones here. */
export interface MountableRoutes {
  /** Whose routes they are, for error messages. */
  readonly name: string;
  mount(app: OpenAPIHono): void;
}

/** The figures of the last minute, for people as they are for policies. */
export type FiguresSource = Pick<
  MetricsCollector,
  | 'getGlobalMetrics'
  | 'getSchedulingMetrics'
  | 'getAllInstanceMetrics'
  | 'getPriorityMetrics'
  | 'latestModels'
  | 'latestTenants'
>;

/** What advice on the number of replicas is made of, besides fleet and queue. */
export interface ScalingSource {
  readonly clock: Clock;
  readonly loads: LoadMeter;
  readonly predictor: Pick<LatencyPredictor, 'coefficients'>;
}

/** What came of loading the configuration anew. */
export interface ReloadResult {
  readonly isApplied: boolean;
  /** Why it was refused; empty when it was applied. */
  readonly problems: readonly string[];
}

export interface LogLevelControl {
  level(): LogLevel;
  setLevel(level: LogLevel): void;
}

/** What is to run in the shadow: each as the configuration would write it, at least one of the two. */
export interface ShadowWish {
  readonly routing?: unknown;
  readonly policy?: unknown;
}

export interface ShadowControl {
  /**
   * Lets it decide beside the real ones, without effect, in place of what did so before.
   * @throws SignalboxError naming the field that is wrong
   */
  start(wish: ShadowWish): void;
  stop(): void;
}

export interface AdminOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 8081; 0 for any free port. */
  readonly port?: number;
  readonly version: string;
  /** Asked of every caller but for `/health`, `/ready` and the empty pages; without it only this machine may call. */
  readonly token?: string;
  /** Lets other machines call without a token. */
  readonly isInsecure?: boolean;
  /** Names besides `localhost` that browsers on this machine may use in the `Host` header. */
  readonly allowedHosts?: readonly string[];
  readonly scheduler: SchedulerInspection & { tellFleet(event: FleetEvent): void };
  readonly decisions: DecisionLog;
  readonly metricsText: () => Promise<string>;
  /** What policies read; absent: nobody collects it. */
  readonly figures?: FiguresSource;
  /** Absent: no advice is given on how many replicas models should have. */
  readonly scaling?: ScalingSource;
  readonly instanceErrors?: InstanceErrorLog;
  /** A line on the status page, such as `4 simulated engines`. */
  readonly fleetDescription?: string;
  /** Whether new requests are taken; `false` while shutting down. */
  readonly isAccepting?: () => boolean;
  /** Loads the configuration anew; absent when there is no file to load. */
  readonly reload?: () => Promise<ReloadResult>;
  /** The configuration in force; secrets are taken out before it is shown. */
  readonly config?: () => unknown;
  readonly logLevel?: LogLevelControl;
  /** Absent: nothing can be put into the shadow. */
  readonly shadow?: ShadowControl;
  readonly routes?: readonly MountableRoutes[];
  /** Paths on which other rooms take WebSockets. */
  readonly upgrades?: readonly UpgradeRoute[];
  /** Told of failures that are nobody's mistake but ours. */
  readonly onInternalError?: (error: unknown) => void;
}
