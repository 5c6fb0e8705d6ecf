/** What is said of models: settings for their requests, and further names. */

import * as z from 'zod';
import { REQUEST_PRIORITIES } from '../../domain/index.ts';
import { milliseconds, modelName, positive } from './fields.ts';

const modelSettings = z.strictObject({
  priority: z
    .enum(REQUEST_PRIORITIES)
    .optional()
    .describe('Class of requests that name none. Default: `NORMAL`.'),
  deadlineAfterMs: milliseconds()
    .optional()
    .describe(
      'Milliseconds after arrival at which a request that names no deadline has missed it. Default: never.',
    ),
  ttftSloMs: positive()
    .optional()
    .describe('Wanted time to first token, milliseconds, for requests that name none.'),
  tpotSloMs: positive()
    .optional()
    .describe('Wanted time per output token, milliseconds, for requests that name none.'),
});

export const modelsSection = z
  .record(modelName(), modelSettings)
  .default({})
  .describe('Settings by model name.');

const aliasTarget = z.strictObject({
  model: modelName().describe('A model, an adapter, or another alias.'),
  weight: positive().default(1).describe('Share of the requests, relative to the other targets.'),
});

export const aliasesSection = z
  .record(modelName(), z.union([modelName(), z.array(aliasTarget).min(1)]))
  .default({})
  .describe('Further model names: each stands for one model, or for several with weights.');
