/** What a gateway is made of, and what can be set of it. */

import type { Clock, ExecutionInstance } from '../domain/index.ts';
import type { SchedulerDoor } from '../scheduler/index.ts';
import type { RequestObserver } from '../telemetry/request-record.ts';
import type { RequestTracing } from '../telemetry/tracing/request-tracing.ts';
import type { Intake } from './intake/index.ts';
import type { GatewayLogger } from './logger.ts';
import { DEFAULT_RELAY_SETTINGS, type RelaySettings } from './relay/index.ts';
import type { SideDoor } from './side-door.ts';
import type {
  CreateEngineClient,
  CreateServerTransport,
  EngineClientOptions,
  EngineTls,
  ServerOptions,
} from './transport/index.ts';

/** What may change while calls are under way; a call keeps the settings with which it began. */
export interface GatewaySettings {
  readonly relay: RelaySettings;
  /** A longer body is answered 413. Should be what the intake has. */
  readonly maxBodyBytes: number;
  /**
   * Whether the keys that callers send go on to the engines. Only right where the gateway itself asks for none; an
   * instance's own headers win over them in any case.
   */
  readonly forwardsCredentials: boolean;
}

export const DEFAULT_GATEWAY_SETTINGS: GatewaySettings = {
  relay: DEFAULT_RELAY_SETTINGS,
  maxBodyBytes: 32 * 1024 * 1024,
  forwardsCredentials: false,
};

/** Idle connections outlive the 60 s after which load balancers commonly close theirs, so that they never race us. */
export const DEFAULT_SERVER_OPTIONS: ServerOptions = {
  maxHeaderBytes: 16_384,
  headTimeoutMs: 30_000,
  bodyIdleTimeoutMs: 30_000,
  bodyTimeoutMs: 300_000,
  writeIdleTimeoutMs: 60_000,
  keepAliveTimeoutMs: 75_000,
};

/** Engines served by uvicorn close idle connections after 5 s; ours go before that. */
export const DEFAULT_ENGINE_CLIENT_OPTIONS: EngineClientOptions = {
  connectTimeoutMs: 5000,
  keepAliveTimeoutMs: 4000,
};

export interface GatewayOptions {
  readonly door: SchedulerDoor;
  readonly intake: Intake;
  readonly clock: Clock;
  readonly observer: RequestObserver;
  /** By default no request is traced, and `traceparent` goes to the engine as it came. */
  readonly tracing?: RequestTracing | undefined;
  readonly logger?: GatewayLogger;
  /** Headers for one instance, such as its own `authorization`; names in lower case. Called for each try. */
  readonly upstreamHeaders?: (instance: ExecutionInstance) => Readonly<Record<string, string>>;
  /** How connections to one instance are secured, where its URL begins with `https:`; by default as Node does it. */
  readonly upstreamTls?: (instance: ExecutionInstance) => EngineTls | undefined;
  /** Whether requests can be served now, for `/ready`; by default always. */
  readonly isReady?: () => boolean;
  /** Paths that other rooms answer; the first that is for a path has it. */
  readonly sideDoors?: readonly SideDoor[];
  readonly settings?: Partial<GatewaySettings>;
  readonly server?: Partial<ServerOptions>;
  readonly engineClient?: Partial<EngineClientOptions>;
  /** By default `node:http`. */
  readonly createServer?: CreateServerTransport;
  /** By default undici. */
  readonly createEngineClient?: CreateEngineClient;
}
