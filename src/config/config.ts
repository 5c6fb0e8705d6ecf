/** What a configuration says once it is read: every default filled in, secrets and references resolved, deeply read-only. */

import type { ExecutionInstance, GivenParameters, RequestPriority } from '../domain/index.ts';
import type { ProfileSettings } from '../routing/index.ts';
import type { ConfigFile } from './schema/config-file.ts';
import type { SIMULATED_DIALECTS } from './schema/instances.ts';
import type { Secret } from './secret.ts';

export type DeepReadonly<Value> = Value extends Secret | ((...args: never[]) => unknown)
  ? Value
  : Value extends object
    ? { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> }
    : Value;

export type SimulatedDialect = (typeof SIMULATED_DIALECTS)[number];

export interface ListenerConfig {
  readonly host: string;
  readonly port: number;
}

export interface DataListenerConfig extends ListenerConfig {
  /** Whether callers on other machines are served without an API key. */
  readonly open: boolean;
}

export interface ControlListenerConfig extends ListenerConfig {
  readonly token?: Secret;
  readonly insecure: boolean;
}

export interface TlsConfig {
  /** Certificates to trust instead of the system's, PEM. */
  readonly ca?: string;
  /** The client's certificate and its key, PEM. */
  readonly cert?: string;
  readonly key?: Secret;
  readonly rejectUnauthorized: boolean;
  readonly servername?: string;
}

export type CredentialsConfig =
  | { readonly type: 'basic'; readonly username: string; readonly password: Secret }
  | { readonly type: 'bearer'; readonly token: Secret };

export interface InstanceHealthConfig {
  readonly enabled: boolean;
  readonly intervalMs: number;
  readonly startIntervalMs: number;
  readonly timeoutMs: number;
  readonly unhealthyAfter: number;
  readonly healthyAfter: number;
  /** Absent: the engine's own. */
  readonly path?: string;
}

export interface InstanceScrapeConfig {
  readonly enabled: boolean;
  readonly intervalMs: number;
  readonly jitterShare: number;
  readonly timeoutMs: number;
  readonly staleAfterIntervals: number;
  readonly maxBytes: number;
  /** Absent: the engine's own. */
  readonly path?: string;
  /** Absent: the port of the instance's address. */
  readonly port?: number;
  readonly credentials?: CredentialsConfig;
  readonly tls?: TlsConfig;
}

/** Further names of an engine's figures. */
export interface MetricNamesConfig {
  readonly waitingRequests?: readonly string[];
  readonly runningRequests?: readonly string[];
  readonly kvCacheUsage?: readonly string[];
  readonly kvCacheTokens?: readonly string[];
  readonly prefixCacheHitRate?: readonly string[];
  readonly shareUnit: 'fraction' | 'percent';
}

type Traits = Omit<ExecutionInstance, 'url' | 'engine'>;

/** An engine at an address. */
export interface RemoteInstanceConfig extends Traits {
  readonly kind: 'remote';
  /** Without a trailing slash and without `/v1`. */
  readonly url: string;
  readonly engine: ExecutionInstance['engine'] | 'auto';
  /** Whether `models` is yet to be asked of the engine (it is empty then). */
  readonly discoversModels: boolean;
  readonly apiKey?: Secret;
  readonly tls?: TlsConfig;
  readonly health: InstanceHealthConfig;
  readonly scrape: InstanceScrapeConfig;
  readonly metricNames?: MetricNamesConfig;
}

/** A simulated engine to be started in this process. */
export interface SimulatedInstanceConfig extends Traits {
  readonly kind: 'simulated';
  /** A model and its GPU, as in `llama-3-8b@h100`. */
  readonly profile: string;
  readonly speed: number;
  readonly dialect: SimulatedDialect;
}

export type InstanceConfig = RemoteInstanceConfig | SimulatedInstanceConfig;

export interface AliasTarget {
  /** A name that instances serve; aliases of aliases are followed already. */
  readonly model: string;
  /** Share of the requests; the weights of one alias sum to 1. */
  readonly weight: number;
}

export interface ApiKeyConfig {
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  readonly tenant: string;
  /** Absent: every model. */
  readonly models?: readonly string[];
  readonly maxPriority: RequestPriority;
}

/** Pools for load balancers that ask. */
export interface F5Config {
  /** Exactly one of the two. */
  readonly file?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly listener: 'own' | 'control';
}

/** What foretells times. */
export interface PredictionConfig {
  readonly predictor: string;
  readonly lookup: { readonly file?: string };
  readonly external: {
    readonly url?: string;
    readonly token?: Secret;
    readonly table?: string;
    readonly timeoutMs: number;
    readonly refreshMs: number;
    readonly maxAgeMs: number;
    readonly maxConcurrency: number;
    readonly maxAnswers: number;
  };
}

/** Where tasks are kept. */
export type TaskStoreConfig =
  | { readonly type: 'postgres'; readonly url: Secret }
  /** `isDefault` when nobody named it: then it is made when the first task comes. */
  | { readonly type: 'directory'; readonly directory: string; readonly isDefault: boolean }
  | { readonly type: 'memory' };

type TasksFile = ConfigFile['tasks'];

export interface TasksConfig extends DeepReadonly<Omit<TasksFile, 'store' | 'webhooks' | 'registration'>> {
  readonly store: TaskStoreConfig;
  readonly registration: DeepReadonly<TasksFile['registration']>;
  readonly webhooks: DeepReadonly<Omit<TasksFile['webhooks'], 'secret' | 'secret_env' | 'secret_file'>> & {
    readonly secret?: Secret;
  };
}

export type PipelinesConfig = DeepReadonly<NonNullable<ConfigFile['pipelines']>>;

export interface PolicyConfig {
  /** A built-in policy's, or the path of `file`. */
  readonly name: string;
  /** A policy of the user's own, relative to the configuration. */
  readonly file?: string;
  readonly parameters: GivenParameters;
}

type AsInFile =
  | 'models'
  | 'queue'
  | 'retries'
  | 'health'
  | 'scrape'
  | 'upstream'
  | 'limits'
  | 'tokenEstimate'
  | 'shutdown'
  | 'logging'
  | 'hints'
  | 'decisions'
  | 'reload'
  | 'telemetry';

export interface Config extends DeepReadonly<Pick<ConfigFile, AsInFile>> {
  readonly listeners: { readonly data: DataListenerConfig; readonly control: ControlListenerConfig };
  /** `count` is written out: each element is one instance. */
  readonly instances: readonly InstanceConfig[];
  readonly aliases: Readonly<Record<string, readonly AliasTarget[]>>;
  readonly policy: PolicyConfig;
  readonly routing: ProfileSettings;
  readonly prediction: PredictionConfig;
  readonly auth: { readonly keys: Readonly<Record<string, ApiKeyConfig>> };
  readonly tasks: TasksConfig;
  /** The select API; absent when nobody asks for it. */
  readonly f5?: F5Config;
  /** Machines that serve one model together; absent when there are none. */
  readonly pipelines?: PipelinesConfig;
  /** Absent: another at each start. */
  readonly seed?: number;
}
