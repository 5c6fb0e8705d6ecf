/** When and where: the queue, its policy, the routing profile, and retries. */

import * as z from 'zod';
import { REQUEST_PRIORITIES } from '../../domain/index.ts';
import { DEFAULT_POLICY } from '../../queueing/index.ts';
import { DEFAULT_PRESET, STANDARD_FILTERS } from '../../routing/index.ts';
import type { KnownNames } from '../names.ts';
import { count, milliseconds, positive, share, textLike } from './fields.ts';

export const queueSection = z
  .strictObject({
    maxRequests: count(0)
      .default(10_000)
      .describe('The most requests that may wait; beyond it the lowest class is turned away first.'),
    maxTokens: count()
      .default(50_000_000)
      .describe('The most tokens (prompts and the answers asked for, estimated) that may wait.'),
    maxBytes: count()
      .default(1024 * 1024 * 1024)
      .describe('The most bytes of requests that may wait, and so be held in memory.'),
    sheddableFrom: z
      .enum(REQUEST_PRIORITIES)
      .default('LOW')
      .describe(
        'The highest class that is told at once, instead of waiting, that no instance can serve it in time or that the fleet is overloaded.',
      ),
    noInstanceWaitMs: milliseconds(0)
      .default(10_000)
      .describe(
        'Milliseconds that a request waits while every instance of its model is out, before it fails.',
      ),
  })
  .prefault({})
  .describe('The waiting queue.');

/** A file of one's own: begins like a path and ends like a module. */
const policyFile = () =>
  textLike(/^\.{0,2}\/\S+\.(ts|mts|js|mjs)$/, 'a path such as ./my-policy.ts').describe(
    'A policy of your own instead: a TypeScript or JavaScript file, relative to this one. Default: none.',
  );

const policySettings = (names: KnownNames) =>
  z.strictObject({
    name: z.enum(names.policies).default(DEFAULT_POLICY).describe('The policy’s name.'),
    file: policyFile().optional(),
    parameters: parameters('policies'),
  });

export const policySection = (names: KnownNames) =>
  z
    .union([z.enum(names.policies), policyFile(), policySettings(names)])
    .default(DEFAULT_POLICY)
    .describe('Which waiting request goes first: a name, a file of your own, or a mapping with parameters.');

/** A part of a profile that may be given by its name alone. */
const partOf = (names: readonly string[], what: string) =>
  z.union([
    z.enum(names),
    z.strictObject({
      name: z.enum(names).describe(`The ${what}’s name.`),
      parameters: parameters('routing'),
    }),
  ]);

/** By name; what is allowed follows from whose they are, and is checked where that is known. */
const parameters = (guide: 'policies' | 'routing') =>
  z
    .record(z.string(), z.unknown())
    .optional()
    .describe(`Its parameters, listed in docs/${guide}.md. Default: each as listed there.`);

const profileSettings = (names: KnownNames) =>
  z.strictObject({
    filters: z
      .array(partOf(names.filters, 'filter'))
      .default([...STANDARD_FILTERS])
      .describe('What an instance must pass to be a candidate.'),
    scorers: z
      .array(
        z.strictObject({
          name: z.enum(names.scorers).describe('The scorer’s name.'),
          weight: positive().default(1).describe('What its number in [0, 1] is multiplied by.'),
          parameters: parameters('routing'),
        }),
      )
      .default([])
      .describe('What rates the candidates; the weighted numbers are added up.'),
    picker: partOf(names.pickers, 'picker')
      .default('best')
      .describe('What chooses among the rated candidates.'),
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
