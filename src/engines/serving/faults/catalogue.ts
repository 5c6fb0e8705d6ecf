/** Every way in which the server can be told to misbehave, with its parameters. Adding one starts with a line here. */

/** `generate`: answers to requests; `metrics`: the metrics page; `engine`: the engine's own speed. */
export type FaultTarget = 'generate' | 'metrics' | 'engine';

export interface FaultParameter {
  readonly default: number | string;
  readonly min?: number;
  readonly max?: number;
}

export interface FaultDefinition {
  readonly target: FaultTarget;
  readonly about: string;
  /** The first one may be given without its name: `slow:3`. */
  readonly parameters: Readonly<Record<string, FaultParameter>>;
}

const RETRY_AFTER = { retryAfterSeconds: { default: 1, min: 0 } };

const define = <K extends string>(table: Record<K, FaultDefinition>): Readonly<Record<K, FaultDefinition>> =>
  table;

export const FAULTS = define({
  slow: {
    target: 'engine',
    about: 'every engine step takes `factor` times as long',
    parameters: { factor: { default: 3, min: 0.01, max: 10_000 } },
  },
  hang: { target: 'generate', about: 'status and headers, then nothing', parameters: {} },
  'hang-before-headers': { target: 'generate', about: 'reads the request, answers nothing', parameters: {} },
  reset: {
    target: 'generate',
    about: 'resets the connection after `tokens` tokens of a stream, or in the middle of a whole answer',
    parameters: { tokens: { default: 3, min: 0 } },
  },
  '500': { target: 'generate', about: 'internal server error', parameters: {} },
  '429': { target: 'generate', about: 'too many requests, with Retry-After', parameters: RETRY_AFTER },
  '503': { target: 'generate', about: 'service unavailable, with Retry-After', parameters: RETRY_AFTER },
  'garbage-sse': { target: 'generate', about: 'a stream that is neither SSE nor JSON', parameters: {} },
  'never-ending': {
    target: 'generate',
    about: 'after its last token a stream goes on for ever, a frame each `intervalMs`',
    parameters: { intervalMs: { default: 10, min: 1 } },
  },
  'error-frame': { target: 'generate', about: '200, then an error at once', parameters: {} },
  redirect: {
    target: 'generate',
    about: '307 to `location`',
    parameters: { location: { default: 'http://127.0.0.1:9/' } },
  },
  huge: {
    target: 'generate',
    about: 'an answer of `bytes` bytes',
    parameters: { bytes: { default: 1e9, min: 1, max: 1e12 } },
  },
  'lying-metrics': {
    target: 'metrics',
    about: 'shows these figures whatever is true',
    parameters: {
      waiting: { default: 0, min: 0 },
      running: { default: 0, min: 0 },
      kvCacheUsage: { default: 0, min: 0, max: 1 },
    },
  },
  'huge-metrics': {
    target: 'metrics',
    about: 'a page of `bytes` bytes, the wanted series at its end',
    parameters: { bytes: { default: 10e6, min: 1, max: 1e9 } },
  },
  'slow-metrics': {
    target: 'metrics',
    about: 'the page comes after `delayMs`',
    parameters: { delayMs: { default: 5000, min: 0 } },
  },
  'broken-metrics': { target: 'metrics', about: 'a page that is no exposition format', parameters: {} },
  'missing-metrics': { target: 'metrics', about: '404', parameters: {} },
});

export type FaultKind = keyof typeof FAULTS;

export const FAULT_KINDS = Object.keys(FAULTS) as readonly FaultKind[];
