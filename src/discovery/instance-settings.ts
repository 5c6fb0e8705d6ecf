/** What is wanted of one instance: where it is, what is known of it, and how it is watched. */

import {
  createInstance,
  type EngineKind,
  type ExecutionInstance,
  type InstanceInit,
} from '../domain/index.ts';
import {
  type EngineListing,
  type HealthSettings,
  normaliseBaseUrl,
  type ScrapeSettings,
  type TlsSettings,
} from '../engines/index.ts';

/** The facts of an instance that only whoever runs it can know. */
type ConfiguredFacts = Partial<
  Pick<
    ExecutionInstance,
    | 'role'
    | 'parallel'
    | 'gpuCount'
    | 'gpuType'
    | 'usdPerHour'
    | 'maxConcurrency'
    | 'maxPrefillTokens'
    | 'maxContextTokens'
    | 'weight'
    | 'labels'
  >
>;

export interface InstanceSettings extends ConfiguredFacts {
  readonly id: string;
  /** Base URL; a trailing slash or `/v1` is taken off. */
  readonly url: string;
  /** Found out when it is absent. */
  readonly engine?: EngineKind;
  /** Asked of the engine, again and again, when absent. */
  readonly models?: readonly string[];
  /** LoRA adapters besides those that the engine lists. */
  readonly adapters?: readonly string[];
  /** Sent to the engine as bearer token when it is asked what it serves and how it is. */
  readonly apiKey?: string;
  readonly tls?: TlsSettings;
  /** What differs from the fleet's settings. */
  readonly scrape?: Partial<ScrapeSettings>;
  /** What differs from the fleet's settings. */
  readonly health?: Partial<HealthSettings>;
}

/** Settings for an address given on the command line: everything is found out. */
export function settingsForUrl(url: string): InstanceSettings {
  const baseUrl = normaliseBaseUrl(url);
  return { id: instanceIdForUrl(baseUrl), url: baseUrl };
}

/** Host and port, and the path where there is one: `10.0.0.5:8000`, `gpu.example.org/llama`. */
export function instanceIdForUrl(url: string): string {
  return normaliseBaseUrl(url).replace(/^https?:\/\/(?:[^/@]*@)?/, '');
}

/** What was found behind an instance's address. */
export interface FoundEngine extends Partial<EngineListing> {
  readonly kind: EngineKind;
  readonly version?: string;
  readonly evidence: readonly string[];
}

/** The instance as the scheduler gets to know it, or `undefined` while its engine or its models are not known. */
export function instanceOf(
  settings: InstanceSettings,
  found: FoundEngine | undefined,
): ExecutionInstance | undefined {
  const { models = found?.models, engine = found?.kind, adapters = [] } = settings;
  if (engine === undefined || models === undefined) return undefined;
  const { apiKey: _key, tls: _tls, scrape: _scrape, health: _health, ...facts } = settings;
  const maxContextTokens = settings.maxContextTokens ?? found?.maxContextTokens;
  const init: InstanceInit = {
    ...facts,
    url: normaliseBaseUrl(settings.url),
    engine,
    models,
    adapters: [...new Set([...adapters, ...(found?.adapters ?? [])])],
    gpuCount: settings.gpuCount ?? gpusOf(settings),
    ...(maxContextTokens !== undefined && { maxContextTokens }),
  };
  return createInstance(init);
}

/** Each data-parallel rank has its own tensor × pipeline GPUs; expert parallelism spreads over these. */
function gpusOf({ parallel }: InstanceSettings): number {
  return parallel ? parallel.tensor * parallel.pipeline * parallel.data : 1;
}
