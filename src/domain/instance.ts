/** One engine endpoint: what it is, and where it stands in its life. */

/** The inference engines with an adapter in `src/engines/`. */
export const ENGINE_KINDS = ['vllm', 'sglang', 'llamacpp', 'tgi', 'tensorrt-llm', 'openai'] as const;

/** `openai` is any endpoint that speaks the OpenAI API and exposes nothing else. */
export type EngineKind = (typeof ENGINE_KINDS)[number];

export const INSTANCE_ROLES = ['both', 'prefill', 'decode'] as const;
export type InstanceRole = (typeof INSTANCE_ROLES)[number];

/** The states of an instance's life; only `ready` instances get new requests. */
export const INSTANCE_STATES = ['starting', 'ready', 'draining', 'ejected', 'gone'] as const;
export type InstanceState = (typeof INSTANCE_STATES)[number];

/** How a model is spread over the GPUs of one instance. */
export interface ParallelSizes {
  readonly tensor: number;
  readonly pipeline: number;
  readonly data: number;
  readonly expert: number;
}

/** One engine endpoint as configured or discovered; immutable, replaced when its facts change. */
export interface ExecutionInstance {
  readonly id: string;
  /** Base URL without the API's path: `http://10.0.0.5:8000`. */
  readonly url: string;
  readonly engine: EngineKind;
  /** Names of the models it serves. */
  readonly models: readonly string[];
  /** Names of the LoRA adapters it has loaded. */
  readonly adapters: readonly string[];
  readonly role: InstanceRole;
  readonly parallel: ParallelSizes;
  readonly gpuCount: number;
  /** The accelerator's name, as in `H100`. */
  readonly gpuType?: string;
  readonly usdPerHour?: number;
  /** The instance's window: the most requests it may have in flight from us. */
  readonly maxConcurrency: number;
  /** The window's other side: the most prompt tokens dispatched whose first token has not come yet. */
  readonly maxPrefillTokens: number;
  /** The most tokens of one request, prompt and answer together; absent where it is not known. */
  readonly maxContextTokens?: number;
  /** Relative strength, for weighted choices; 1 is ordinary. */
  readonly weight: number;
  /** Topology and whatever else one wants to select by: `machine`, `rack`, `zone`, … */
  readonly labels: Readonly<Record<string, string>>;
}

export type InstanceInit = Pick<ExecutionInstance, 'id' | 'url'> & Partial<ExecutionInstance>;

export const DEFAULT_MAX_CONCURRENCY = 256;

const DEFAULTS = {
  engine: 'openai',
  models: [],
  adapters: [],
  role: 'both',
  parallel: Object.freeze({ tensor: 1, pipeline: 1, data: 1, expert: 1 }),
  gpuCount: 1,
  maxConcurrency: DEFAULT_MAX_CONCURRENCY,
  maxPrefillTokens: Number.POSITIVE_INFINITY,
  weight: 1,
  labels: {},
} as const;

/** A frozen instance with defaults for whatever `init` leaves out. */
export function createInstance(init: InstanceInit): ExecutionInstance {
  return Object.freeze({ ...DEFAULTS, ...init });
}

/** Whether the instance serves `name` as a model or as a LoRA adapter. */
export function servesModel(instance: ExecutionInstance, name: string): boolean {
  return instance.models.includes(name) || instance.adapters.includes(name);
}
