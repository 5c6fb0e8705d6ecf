/** The one YAML file: its schema, reading it, explaining its mistakes, and taking over its changes. */

export { type ConfigChange, compareConfigs, RESTART_KEYS } from './changes.ts';
export type {
  AliasTarget,
  ApiKeyConfig,
  Config,
  ControlListenerConfig,
  CredentialsConfig,
  DataListenerConfig,
  DeepReadonly,
  F5Config,
  InstanceConfig,
  InstanceHealthConfig,
  InstanceScrapeConfig,
  ListenerConfig,
  MetricNamesConfig,
  PipelinesConfig,
  PolicyConfig,
  RemoteInstanceConfig,
  SimulatedDialect,
  SimulatedInstanceConfig,
  TaskStoreConfig,
  TasksConfig,
  TlsConfig,
} from './config.ts';
export { type ReadDocument, readDocument } from './document.ts';
export type { Environment } from './interpolation.ts';
export { configJsonSchema, type JsonSchema } from './json-schema.ts';
export { type LoadOptions, loadConfig } from './load-config.ts';
export { BUILT_IN_NAMES, type KnownNames } from './names.ts';
export { type ParseOptions, type ParseResult, parseConfig } from './parse-config.ts';
export { positionOfValue } from './positions.ts';
export { type ConfigPath, type ConfigProblem, formatPath, formatProblem } from './problem.ts';
export { configReference } from './reference.ts';
export { isLoopback } from './resolve-listeners.ts';
export { maskLine, Secret } from './secret.ts';
export { type ConfigWatcher, type WatchOptions, watchConfig } from './watch-config.ts';
