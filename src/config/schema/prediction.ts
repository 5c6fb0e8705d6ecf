/** How long: which predictor foretells, and where its times come from. */

import * as z from 'zod';
import { DEFAULT_PREDICTOR, PREDICTOR_NAMES } from '../../prediction/index.ts';
import { baseUrl, count, milliseconds, secretFields, text, textLike } from './fields.ts';

const lookupSettings = z.strictObject({
  file: textLike(/\S\.(json|csv)$/i, 'a path that ends with .json or .csv')
    .optional()
    .describe(
      'The table of times, relative to this file; read again when it changes. Needed by `lookup`; with `external` it stands in for the service. Tasks ask it in the mode `lookup_table` whatever the predictor. Default: none.',
    ),
});

const externalSettings = z.strictObject({
  url: baseUrl()
    .optional()
    .describe('Address of the service, as in http://10.0.0.9:8200. Needed by `external`. Default: none.'),
  ...secretFields('token', 'Sent to the service as a bearer token.'),
  table: text()
    .optional()
    .describe('Of the service’s own tables, the one that it is to look into. Default: none.'),
  timeoutMs: milliseconds()
    .default(500)
    .describe('Milliseconds after which a question without an answer has failed. No decision waits for it.'),
  refreshMs: milliseconds(0).default(1_000).describe('An answer older than this is asked for anew.'),
  maxAgeMs: milliseconds(0).default(10_000).describe('An answer older than this is not used.'),
  maxConcurrency: count().default(16).describe('The most questions without an answer at a time.'),
  maxAnswers: count().default(10_000).describe('The most answers kept.'),
});

export const predictionSection = z
  .strictObject({
    predictor: z
      .enum(PREDICTOR_NAMES)
      .default(DEFAULT_PREDICTOR)
      .describe(
        'What foretells times: `online` learns, `lookup` reads a table, `external` asks a service. What a table or a service does not know is learnt.',
      ),
    lookup: lookupSettings.prefault({}).describe('The table.'),
    external: externalSettings.prefault({}).describe('The service.'),
  })
  .prefault({})
  .describe('Predictions.');
