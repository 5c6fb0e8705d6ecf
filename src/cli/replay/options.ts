/** From what was typed to what will be done: checks every flag of `signalbox replay` before anything is opened. */

import { randomInt } from 'node:crypto';
import { DEFAULT_MAX_BROKEN_SHARE, TRACE_FORMATS } from '../../simulator/index.ts';
import { parseCount, parseDurationMs, parsePositive, parseShare } from './quantity.ts';
import { usageError } from './replay-error.ts';
import { DEFAULT_SLO, parseSlo, type Slo } from './slo.ts';
import { parseTarget, type Target } from './target.ts';

export const ENDPOINTS = ['chat', 'completions'] as const;
export type Endpoint = (typeof ENDPOINTS)[number];

/** As commander hands it over. */
export interface RawReplayOptions {
  readonly trace: string;
  readonly target: string;
  readonly format?: string;
  readonly raw?: boolean;
  readonly blockTokens?: string;
  readonly maxBroken?: string;
  readonly speed?: string;
  readonly limit?: string;
  readonly offset?: string;
  readonly concurrency?: string;
  readonly model?: string;
  /** False with `--no-model-check`. */
  readonly modelCheck?: boolean;
  readonly endpoint?: string;
  readonly maxTokensCap?: string;
  readonly promptTokensCap?: string;
  /** False with `--no-ignore-eos`. */
  readonly ignoreEos?: boolean;
  readonly seed?: string;
  readonly apiKey?: string;
  readonly header?: readonly string[];
  readonly timeout?: string;
  readonly slo?: string;
  readonly json?: string;
}

export interface ReplayOptions {
  readonly trace: string;
  readonly target: Target;
  readonly format: string | undefined;
  readonly keepEqualStamps: boolean;
  readonly blockTokens: number | undefined;
  readonly maxBrokenShare: number;
  readonly speed: number;
  /** How many requests to send; infinite for all. */
  readonly limit: number;
  /** How many of the trace's requests to leave out at its beginning. */
  readonly offset: number;
  /** The most requests in flight; infinite for an open loop. */
  readonly concurrency: number;
  /** The target's first model when undefined. */
  readonly model: string | undefined;
  readonly checkModel: boolean;
  readonly endpoint: Endpoint;
  readonly maxTokensCap: number;
  readonly promptTokensCap: number;
  readonly ignoreEos: boolean;
  /** Drawn where none is given, so that no engine has the prompts in its cache from the run before. */
  readonly seed: number;
  readonly apiKey: string | undefined;
  /** Further request headers, in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly slo: Slo;
  readonly jsonFile: string | undefined;
}

/** A drawn seed is short enough to be typed again. */
const MAX_DRAWN_SEED = 1_000_000;

export const API_KEY_ENV = 'SIGNALBOX_API_KEY';

export function parseReplayOptions(
  raw: RawReplayOptions,
  env: Readonly<Record<string, string | undefined>> = {},
): ReplayOptions {
  return {
    trace: raw.trace,
    target: parseTarget(raw.target),
    format: raw.format === undefined ? undefined : parseFormat(raw.format),
    keepEqualStamps: raw.raw ?? false,
    blockTokens: optional(raw.blockTokens, (text) => parseCount(text, '--block-tokens', 1)),
    maxBrokenShare:
      optional(raw.maxBroken, (text) => parseShare(text, '--max-broken')) ?? DEFAULT_MAX_BROKEN_SHARE,
    speed: optional(raw.speed, (text) => parsePositive(text, '--speed')) ?? 1,
    limit: countOrAll(raw.limit, '--limit'),
    offset: optional(raw.offset, (text) => parseCount(text, '--offset', 0)) ?? 0,
    concurrency: countOrAll(raw.concurrency, '--concurrency'),
    model: raw.model,
    checkModel: raw.modelCheck ?? true,
    endpoint: parseEndpoint(raw.endpoint ?? 'chat'),
    maxTokensCap: countOrAll(raw.maxTokensCap, '--max-tokens-cap'),
    promptTokensCap: countOrAll(raw.promptTokensCap, '--prompt-tokens-cap'),
    ignoreEos: raw.ignoreEos ?? true,
    seed: optional(raw.seed, (text) => parseCount(text, '--seed', 0)) ?? randomInt(MAX_DRAWN_SEED),
    apiKey: raw.apiKey ?? env[API_KEY_ENV],
    headers: parseHeaders(raw.header ?? []),
    timeoutMs: parseDurationMs(raw.timeout ?? '600s', '--timeout'),
    slo: parseSlo(raw.slo ?? DEFAULT_SLO),
    jsonFile: raw.json,
  };
}

function optional<T>(text: string | undefined, parse: (text: string) => T): T | undefined {
  return text === undefined ? undefined : parse(text);
}

function countOrAll(text: string | undefined, flag: string): number {
  return text === undefined ? Number.POSITIVE_INFINITY : parseCount(text, flag, 1);
}

function parseFormat(name: string): string {
  const names = TRACE_FORMATS.map((format) => format.name);
  if (names.includes(name)) return name;
  throw usageError(`--format is "${name}": give one of ${names.join(', ')}`);
}

function parseEndpoint(name: string): Endpoint {
  const endpoint = ENDPOINTS.find((known) => known === name);
  if (endpoint !== undefined) return endpoint;
  throw usageError(`--endpoint is "${name}": give one of ${ENDPOINTS.join(', ')}`);
}

function parseHeaders(headers: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    headers.map((header) => {
      const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):\s*([\t\x20-\x7e]*)$/.exec(header);
      if (match === null) throw usageError(`--header is "${header}": give it like "x-name: value"`);
      return [match[1]!.toLowerCase(), match[2]!.trim()];
    }),
  );
}
