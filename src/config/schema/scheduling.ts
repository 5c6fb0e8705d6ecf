/** When and where: the queue, its policy, the routing profile, and retries. */

import * as z from 'zod';
import { DEFAULT_AGING_MS } from '../../queueing/index.ts';
import { DEFAULT_PRESET, STANDARD_FILTERS } from '../../routing/index.ts';
import type { KnownNames } from '../names.ts';
import { count, milliseconds, positive, share } from './fields.ts';

export const queueSection = z
  .strictObject({
    maxRequests: count(0)
      .default(10_000)
      .describe('The most requests that may wait; beyond it the lowest class is turned away first.'),
    maxTokens: count()
      .default(50_000_000)
      .describe('The most tokens (prompts and the answers asked for, estimated) that may wait.'),
    noInstanceWaitMs: milliseconds(0)
      .default(10_000)
      .describe(
        'Milliseconds that a request waits while every instance of its model is out, before it fails.',
      ),
  })
  .prefault({})
  .describe('The waiting queue.');

const policySettings = (names: KnownNames) =>
  z.strictObject({
    name: z.enum(names.policies).default('priority').describe('The policy’s name.'),
    agingMs: milliseconds(0)
      .optional()
      .describe('For `priority`: milliseconds of waiting that outweigh one class.')
      .meta({ default: DEFAULT_AGING_MS }),
  });

export const policySection = (names: KnownNames) =>
  z
    .union([z.enum(names.policies), policySettings(names)])
    .default('priority')
    .describe('Which waiting request goes first: a name, or a name with parameters.');

const profileSettings = (names: KnownNames) =>
  z.strictObject({
    filters: z
      .array(z.enum(names.filters))
      .default([...STANDARD_FILTERS])
      .describe('What an instance must pass to be a candidate.'),
    scorers: z
      .array(
        z.strictObject({
          name: z.enum(names.scorers).describe('The scorer’s name.'),
          weight: positive().default(1).describe('What its number in [0, 1] is multiplied by.'),
        }),
      )
      .default([])
      .describe('What rates the candidates; the weighted numbers are added up.'),
    picker: z.enum(names.pickers).default('best').describe('What chooses among the rated candidates.'),
  });

export const routingSection = (names: KnownNames) =>
  z
    .union([z.enum([...names.presets.keys()]), profileSettings(names)])
    .default(DEFAULT_PRESET)
    .describe(
      'Which instance a request goes to: a preset’s name, or a profile of filters, scorers and a picker.',
    );

export const retriesSection = z
  .strictObject({
    maxRetries: count(0)
      .default(2)
      .describe('How often a request that failed before its first byte is tried on another instance.'),
    budgetShare: share()
      .default(0.2)
      .describe('The most retries as a share of all requests, so that a failing fleet is not flooded.'),
  })
  .prefault({})
  .describe('Retries.');
