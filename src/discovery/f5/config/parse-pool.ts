/** One entry of `pools`. */

import { isIP } from 'node:net';
import { ConfigurationError } from './configuration-error.ts';
import {
  F5_ENGINES,
  type F5Engine,
  FAILURE_MODES,
  type FailureMode,
  type KeySyncSection,
  type MetricsSection,
  type PoolSection,
  type TlsSection,
} from './scheduler-file.ts';
import {
  boolean,
  type Environment,
  given,
  list,
  notAllowed,
  number,
  oneOf,
  optionalNumber,
  optionalText,
  type Section,
  section,
  text,
  wholeNumber,
} from './values.ts';

export function parsePool(pool: Section, index: number, env: Environment, warnings: string[]): PoolSection {
  const name = optionalText(pool.name, `pools[${index}].name`);
  if (name === undefined) throw new ConfigurationError('Pool configuration missing name field');
  const path = `pools[${index}] (${name})`;
  const engine = parseEngine(pool.engine_type, name);
  const fallback = section(pool.fallback, `${path}.fallback`);
  if (pool.model_APIkey !== undefined && engine !== 'xinference') {
    warnings.push(`${path}.model_APIkey: only XInference has such keys; it is not used`);
  }
  return {
    name,
    partition: text(pool.partition, `${path}.partition`, 'Common'),
    engine,
    fallback: {
      isFallback: boolean(fallback.pool_fallback, `${path}.fallback.pool_fallback`, false),
      maxRunning: optionalNumber(
        fallback.member_running_req_threshold,
        `${path}.fallback.member_running_req_threshold`,
      ),
      maxWaiting: optionalNumber(
        fallback.member_waiting_queue_threshold,
        `${path}.fallback.member_waiting_queue_threshold`,
      ),
    },
    metrics: parseMetrics(section(pool.metrics, `${path}.metrics`), `${path}.metrics`, env, warnings),
    keySync:
      engine === 'xinference' && pool.model_APIkey !== undefined
        ? parseKeySync(
            section(pool.model_APIkey, `${path}.model_APIkey`),
            { pool: name, path: `${path}.model_APIkey` },
            env,
            warnings,
          )
        : undefined,
    members: parseMembers(pool.members, `${path}.members`),
  };
}

function parseEngine(value: unknown, pool: string): F5Engine {
  const name = optionalText(value, `Pool ${pool} engine_type`);
  if (name === undefined) throw new ConfigurationError(`Pool ${pool} missing engine_type field`);
  const engine = F5_ENGINES.find((known) => known === name.toLowerCase());
  if (engine !== undefined) return engine;
  throw new ConfigurationError(
    `Pool ${pool} has unsupported engine_type '${name}'. Supported types: ${F5_ENGINES.join(', ')}. ` +
      "For vllm variants (vllm_ascend, vllm_musa, etc.), use 'vllm' as engine_type and configure the variant " +
      "in 'engines_metrics_keys' section.",
  );
}

function parseMetrics(metrics: Section, path: string, env: Environment, warnings: string[]): MetricsSection {
  return {
    schema: oneOf(metrics.schema, `${path}.schema`, ['http', 'https'], 'http'),
    port:
      metrics.port === undefined || metrics.port === null
        ? undefined
        : wholeNumber(metrics.port, `${path}.port`),
    path: text(metrics.path, `${path}.path`, '/metrics'),
    timeout: wholeNumber(given(metrics.timeout, 3), `${path}.timeout`),
    apiKey: optionalText(metrics.APIkey, `${path}.APIkey`),
    user: optionalText(metrics.metric_user, `${path}.metric_user`),
    password: fromEnvironment(metrics.metric_pwd_env, `${path}.metric_pwd_env`, env, warnings),
    tls: parseTls(metrics.tls, `${path}.tls`),
  };
}

function parseKeySync(
  keys: Section,
  { pool, path }: { readonly pool: string; readonly path: string },
  env: Environment,
  warnings: string[],
): KeySyncSection {
  const dataGroup = optionalText(keys.f5datagroup, `${path}.f5datagroup`);
  if (dataGroup === undefined) {
    throw new ConfigurationError(
      `Pool ${pool} with XInference engine type missing f5datagroup field in model_APIkey`,
    );
  }
  return {
    dataGroup,
    path: text(keys.path, `${path}.path`, '/v1/cluster/authorizations'),
    timeout: wholeNumber(given(keys.timeout, 4), `${path}.timeout`),
    interval: wholeNumber(given(keys.api_key_sync_interval, 300), `${path}.api_key_sync_interval`),
    apiKey: optionalText(keys.APIkey, `${path}.APIkey`),
    user: optionalText(keys.apikey_user, `${path}.apikey_user`),
    password: fromEnvironment(keys.apikey_pwd_env, `${path}.apikey_pwd_env`, env, warnings),
    failureMode: parseFailureMode(keys.failure_mode, `${path}.failure_mode`, warnings),
    maxFailures: wholeNumber(given(keys.max_failures_threshold, 10), `${path}.max_failures_threshold`),
    maxHours: number(given(keys.failure_timeout_hours, 2), `${path}.failure_timeout_hours`),
  };
}

/** The existing scheduler runs on with the mode that takes nothing away. */
function parseFailureMode(value: unknown, path: string, warnings: string[]): FailureMode {
  const mode = FAILURE_MODES.find((known) => known === given(value, 'preserve'));
  if (mode !== undefined) return mode;
  const allowed = FAILURE_MODES.join(', ');
  warnings.push(`${path}: found ${JSON.stringify(value)}, allowed are ${allowed}; preserve is used`);
  return 'preserve';
}

export function parseTls(value: unknown, path: string): TlsSection {
  const tls = section(value, path);
  const caFile = optionalText(tls.ca_file, `${path}.ca_file`);
  const serverName = optionalText(tls.server_name, `${path}.server_name`);
  return {
    verify: boolean(tls.verify, `${path}.verify`, true),
    ...(caFile !== undefined && { caFile }),
    ...(serverName !== undefined && { serverName }),
  };
}

function parseMembers(value: unknown, path: string): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  return list(value, path).map((entry, i) => {
    const [, ip = '', port = ''] = /^(.*):(\d+)$/.exec(String(entry)) ?? [];
    const isUsable = isIP(ip.replace(/%\d+$/, '')) !== 0 && Number(port) >= 1 && Number(port) <= 65_535;
    if (!isUsable) throw notAllowed(`${path}[${i}]`, entry, 'an IP address with a port, as in 10.0.0.1:8001');
    return String(entry);
  });
}

function fromEnvironment(
  name: unknown,
  path: string,
  env: Environment,
  warnings: string[],
): string | undefined {
  const variable = optionalText(name, path);
  if (variable === undefined) return undefined;
  if (env[variable] === undefined) warnings.push(`${path}: the environment variable ${variable} is not set`);
  return env[variable] ?? '';
}
