/** The API keys of callers. */

import * as z from 'zod';
import { REQUEST_PRIORITIES } from '../../domain/index.ts';
import { modelName, text, textLike } from './fields.ts';

const apiKey = z.strictObject({
  sha256: textLike(
    /^[0-9a-f]{64}$/i,
    'the SHA-256 of the key as 64 hexadecimal digits, not the key itself',
  ).describe('SHA-256 of the key, 64 hexadecimal digits; `signalbox key` makes one.'),
  tenant: text().optional().describe('Whose requests these are. Default: the key’s name.'),
  models: z
    .array(modelName())
    .min(1)
    .optional()
    .describe('Models and aliases that it may ask for. Default: all.'),
  maxPriority: z
    .enum(REQUEST_PRIORITIES)
    .default('CRITICAL')
    .describe('The highest class it may ask for; a higher one is lowered to it.'),
});

export const authSection = z
  .strictObject({
    keys: z
      .record(text(), apiKey)
      .default({})
      .describe('API keys by name. With none, every caller is let in.'),
  })
  .prefault({})
  .describe('Who may call.');
