/** From the command line to the configuration that `signalbox up` starts with. */

import { resolve } from 'node:path';
import {
  type Config,
  formatProblem,
  type LoadOptions,
  loadConfig,
  type ParseResult,
  parseConfig,
} from '../../config/index.ts';

export interface UpFlags {
  readonly config?: string;
  readonly upstream: readonly string[];
  readonly port?: number;
  readonly host?: string;
  readonly controlPort?: number;
  readonly open?: boolean;
  readonly policy?: string;
  readonly routing?: string;
  readonly logLevel?: string;
  readonly logFormat?: string;
  readonly f5Config?: string;
}

export type Loaded =
  | {
      readonly ok: true;
      readonly config: Config;
      /** Absent when there is no file to watch. */
      readonly file?: string;
      /** For reading the file again. */
      readonly options: LoadOptions;
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly message: string };

/** Four engines of two strengths, so that one sees what routing does. */
const SIMULATED_FLEET = {
  instances: [
    { id: 'fast', simulate: 'llama-3-8b@h100', count: 2, maxConcurrency: 64 },
    { id: 'slow', simulate: 'llama-3-8b@a100', count: 2, maxConcurrency: 64 },
  ],
};

export function loadUpConfig(flags: UpFlags): Loaded {
  const options: LoadOptions = { overrides: overridesOf(flags) };
  const { config: file } = flags;
  const result = file === undefined ? fromFlags(flags, options) : loadConfig(file, options);
  const name = file ?? 'command line';
  const warnings = result.warnings.map((problem) => formatProblem(problem, name));
  if (!result.ok) {
    const problems = result.problems.map((problem) => formatProblem(problem, name));
    const advice = file === undefined ? [] : [`signalbox check ${file} explains them`];
    return {
      ok: false,
      message: ['error: the configuration is not valid', ...problems, ...advice].join('\n'),
    };
  }
  return { ok: true, config: result.config, options, warnings, ...(file !== undefined && { file }) };
}

/** JSON is YAML: what the flags say goes the way of a file, and meets the same checks. */
function fromFlags(flags: UpFlags, options: LoadOptions): ParseResult {
  const hasOwnWork = flags.upstream.length > 0 || flags.f5Config !== undefined;
  const base = hasOwnWork ? {} : SIMULATED_FLEET;
  return parseConfig(JSON.stringify(base), { env: process.env, ...options });
}

function overridesOf(flags: UpFlags): Record<string, unknown> {
  const { host, port, open, controlPort, policy, routing, logLevel, logFormat, upstream, f5Config } = flags;
  const data = defined({ host, port, open });
  const control = defined({ port: controlPort });
  return defined({
    listeners: defined({ data, control }),
    logging: defined({ level: logLevel, format: logFormat }),
    policy,
    routing,
    f5: f5Config === undefined ? undefined : { file: resolve(f5Config) },
    instances: upstream.length > 0 ? upstream.map((url) => ({ url })) : undefined,
  });
}

function defined(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
