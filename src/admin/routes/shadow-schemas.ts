/** The JSON of what runs in the shadow. */

import { z } from '@hono/zod-openapi';
import { REQUEST_PRIORITIES } from '../../domain/index.ts';
import { Candidate, PredictedTtft } from '../schemas.ts';

const count = (description: string) => z.int().min(0).openapi({ description });
const figure = (description: string) => z.number().openapi({ description });

const setting = (what: string, example: string) => {
  const allowed = `the name of a ${what}, or an object as in the configuration`;
  return z

    .union([z.string().regex(/^.{1,256}$/, allowed), z.record(z.string(), z.unknown())], allowed)
    .optional()
    .openapi({ description: `The ${what}: ${allowed}`, example });
};

export const ShadowWishBody = z
  .strictObject(
    { routing: setting('routing profile', 'round-robin'), policy: setting('policy', 'fifo') },
    'an object with routing, policy or both',
  )
  .refine(({ routing, policy }) => routing !== undefined || policy !== undefined, {
    message: 'an object with routing, policy or both',
  })
  .openapi('ShadowWish');

const Difference = z
  .strictObject({
    samples: count('Disagreements for which it is known'),
    mean: figure("The shadow's figure minus ours; below 0 the shadow's is less"),
    lowerShare: figure("Share of the samples in which the shadow's is less, 0 to 1"),
  })
  .openapi('ShadowDifference');

const counts = {
  decisions: count('Decisions that were compared'),
  disagreements: count('Those in which both differ'),
  disagreementShare: figure('Their share, 0 to 1'),
};

const Where = z
  .strictObject({
    ...counts,
    equalScores: count("Disagreements in which the shadow's profile gave both instances the same total"),
    wouldWait: count('Disagreements in which the shadow would have sent the request nowhere yet'),
    predictedTtftMs: Difference.optional(),
    load: Difference,
  })
  .openapi('ShadowWhere', { description: 'Which instance: the profile in the shadow beside ours' });

const When = z
  .strictObject({
    ...counts,
    withChoice: count('Decisions at which more than one request waited'),
    waitedMs: Difference,
  })
  .openapi('ShadowWhen', { description: 'Which request first: the policy in the shadow beside ours' });

const about = {
  decisionId: z.string(),
  requestId: z.string(),
  model: z.string(),
  atMs: figure('When it was decided, epoch milliseconds'),
};

const Choice = z.strictObject({
  instanceId: z.string(),
  reason: z.string(),
  load: figure('Requests there per unit of its weight'),
  predictedTtftMs: PredictedTtft.optional(),
  candidates: z.array(Candidate).openapi({ description: 'What it made of its own choice and of the other' }),
});

const WhereDisagreement = z
  .strictObject({
    about: z.literal('where'),
    ...about,
    ours: Choice,
    shadow: Choice.nullable().openapi({ description: 'null: it would have sent the request nowhere yet' }),
  })
  .openapi('ShadowWhereDisagreement');

const Waiting = z.strictObject({
  requestId: z.string(),
  priority: z.enum(REQUEST_PRIORITIES),
  waitedMs: figure('How long it had waited'),
  tokens: figure('Its prompt and the answer asked for'),
  tenant: z.string().optional(),
  deadlineMs: figure('Epoch milliseconds').optional(),
});

const WhenDisagreement = z
  .strictObject({
    about: z.literal('when'),
    ...about,
    ours: Waiting,
    shadow: Waiting.nullable().openapi({ description: 'null: it would have let nobody go yet' }),
    reason: z.string().optional().openapi({ description: "The shadow's, where its policy gives one" }),
  })
  .openapi('ShadowWhenDisagreement');

const Shadow = z
  .strictObject({
    profile: z.string().optional().openapi({ description: 'The profile in the shadow' }),
    policy: z.string().optional().openapi({ description: 'The policy in the shadow' }),
    against: z
      .strictObject({ profile: z.string(), policy: z.string() })
      .nullable()
      .openapi({ description: 'What decides for real; null before the first decision' }),
    sinceMs: figure('Since when both are compared, epoch milliseconds'),
    failure: z.string().optional().openapi({ description: 'Why it no longer decides' }),
    where: Where.optional(),
    when: When.optional(),
    models: z.array(z.strictObject({ model: z.string(), where: Where.optional(), when: When.optional() })),
    disagreements: z
      .array(z.discriminatedUnion('about', [WhereDisagreement, WhenDisagreement]))
      .openapi({ description: 'The last ones, newest first' }),
  })
  .openapi('Shadow');

export const ShadowBody = z
  .strictObject({ shadow: Shadow.nullable().openapi({ description: 'null while nothing runs in it' }) })
  .openapi('ShadowReport');
