/** One engine endpoint, or a simulated one inside this process. */

import * as z from 'zod';
import { DEFAULT_MAX_CONCURRENCY, ENGINE_KINDS, INSTANCE_ROLES } from '../../domain/index.ts';
import type { KnownNames } from '../names.ts';
import { baseUrl, count, instanceId, modelName, positive, secretFields, text, textLike } from './fields.ts';
import { healthOverride, scrapeOverride, tlsFields } from './health.ts';

export const SIMULATED_DIALECTS = ['vllm', 'sglang', 'llamacpp'] as const;

const metricNames = (what: string) =>
  z
    .array(textLike(/^[A-Za-z_:][\w:]*(\{[^{}]*\})?$/, 'a metric’s name, or name{label=value}'))
    .min(1)
    .optional()
    .describe(`Names of the metric that holds ${what}.`);

const REPORTED = {
  waitingRequests: metricNames('the requests in the engine’s own queue'),
  runningRequests: metricNames('the requests in the running batch'),
  kvCacheUsage: metricNames('the share of the KV cache in use'),
  kvCacheTokens: metricNames('the tokens that the KV cache holds in all'),
  prefixCacheHitRate: metricNames('the share of prompt tokens found in the prefix cache'),
};

const parallelSize = () => count().default(1);

const traits = {
  id: instanceId()
    .optional()
    .describe(
      'Name in headers, metrics and logs. Default: host and port of `url`; for a simulated one `sim-…`.',
    ),
  models: z
    .array(modelName())
    .optional()
    .describe('Names of the models it serves. Default: what the engine lists.'),
  adapters: z.array(modelName()).default([]).describe('Names of the LoRA adapters it has loaded.'),
  role: z
    .enum(INSTANCE_ROLES)
    .default('both')
    .describe('Whether it serves whole requests, or only their prefill or decode part.'),
  parallel: z
    .strictObject({
      tensor: parallelSize().describe('Tensor parallel size.'),
      pipeline: parallelSize().describe('Pipeline parallel size.'),
      data: parallelSize().describe('Data parallel size.'),
      expert: parallelSize().describe('Expert parallel size.'),
    })
    .prefault({})
    .describe('How the model is spread over GPUs.'),
  gpuCount: count()
    .optional()
    .describe('GPUs of the instance. Default: tensor × pipeline × data parallel size.'),
  gpuType: text().optional().describe('The accelerator’s name, as in `H100`.'),
  usdPerHour: z.number().min(0).optional().describe('Price of the instance, US dollars an hour.'),
  maxConcurrency: count()
    .default(DEFAULT_MAX_CONCURRENCY)
    .describe('The most requests that Signalbox has in flight there.'),
  maxPrefillTokens: count()
    .optional()
    .describe('The most prompt tokens dispatched whose first token has not come. Default: no limit.'),
  weight: positive().default(1).describe('Relative strength, for weighted choices; 1 is ordinary.'),
  labels: z
    .record(text(), text())
    .default({})
    .describe('Topology and whatever else one wants to select by: `zone: eu-1`, `rack: a7`.'),
};

const remoteFields = {
  url: baseUrl()
    .optional()
    .describe('Base address of the engine, without the API’s path: `http://10.0.0.5:8000`.'),
  engine: z
    .enum([...ENGINE_KINDS, 'auto'])
    .optional()
    .describe(
      'The inference engine; `auto` asks the endpoint what it is; `openai` exposes the API and nothing else.',
    )
    .meta({ default: 'auto' }),
  ...secretFields('apiKey', 'API key that is sent to the engine as bearer token.'),
  tls: tlsFields.optional().describe('TLS settings for an `https` address.'),
  health: healthOverride,
  scrape: scrapeOverride,
  metricNames: z
    .strictObject({
      ...REPORTED,
      shareUnit: z
        .enum(['fraction', 'percent'])
        .default('fraction')
        .describe('What `kvCacheUsage` and `prefixCacheHitRate` count in: 0 to 1, or 0 to 100.'),
    })
    .optional()
    .describe('Further names under which this engine exposes a figure, tried before the engine’s own.'),
};

const simulatedFields = (names: KnownNames) => ({
  simulate: z
    .enum(names.simulations.map(({ name }) => name))
    .optional()
    .describe(
      'Instead of `url`: a simulated engine in this process, a model and its GPU as in `llama-3-8b@h100`.',
    ),
  speed: positive()
    .optional()
    .describe('Simulated only: how many times faster than real it runs.')
    .meta({ default: 1 }),
  dialect: z
    .enum(SIMULATED_DIALECTS)
    .optional()
    .describe('Simulated only: whose metric names it exposes.')
    .meta({ default: 'vllm' }),
  count: count().max(1_000).optional().describe('Simulated only: how many of its kind.').meta({ default: 1 }),
});

export const REMOTE_ONLY = [
  'engine',
  'apiKey',
  'apiKey_env',
  'apiKey_file',
  'tls',
  'health',
  'scrape',
  'metricNames',
] as const;
export const SIMULATED_ONLY = ['speed', 'dialect', 'count'] as const;

export const instanceSchema = (names: KnownNames) =>
  z
    .strictObject({ ...remoteFields, ...traits, ...simulatedFields(names) })
    .meta({ oneOf: [{ required: ['url'] }, { required: ['simulate'] }] });
