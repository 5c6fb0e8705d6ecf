/** The JSON of the advice on how many replicas models should have. */

import { z } from '@hono/zod-openapi';
import { BOUNDS } from '../../scaling/index.ts';

const count = (description: string) => z.int().min(0).openapi({ description });
const amount = (description: string) => z.number().min(0).openapi({ description });

const Load = z
  .strictObject({
    requestsPerSecond: amount('Requests that were dispatched, or will be, a second'),
    promptTokens: amount('Of a request, on average'),
    outputTokens: amount('Of a request, on average'),
  })
  .openapi('ModelLoad');

const Replica = z
  .strictObject({
    gpus: count('GPUs of the largest of them'),
    promptTokensPerSecond: amount('Prompt tokens that it computes while it does nothing else'),
    outputTokensPerSecond: amount('Tokens that it generates while it does nothing else'),
    concurrency: amount('Requests that generate at once then'),
    tpotMs: amount('What a token takes then'),
    canKeepTarget: z
      .boolean()
      .openapi({ description: 'Whether even one request at a time keeps to the target' }),
    busyShare: amount(
      'Share of its time that each replica there is now will be busy with the predicted load; above 1 they fall behind',
    ),
  })
  .openapi('ReplicaRates', { description: 'What one replica does, the mean of those there are' });

export const ModelScaling = z
  .strictObject({
    model: z.string(),
    replicas: count('Instances that serve it now, but for those that are draining or gone'),
    recommendedReplicas: z
      .int()
      .min(0)
      .nullable()
      .openapi({ description: 'null where nobody can say; the reason says why' }),
    wantedReplicas: z
      .int()
      .min(0)
      .nullable()
      .openapi({ description: 'What the load asks for, before any limit; null where no number suffices' }),
    bound: z.enum(BOUNDS).openapi({ description: 'What decided the recommendation' }),
    reason: z.string().openapi({ description: 'Why, in words' }),
    waitingRequests: count('Requests that wait for it now'),
    load: Load.openapi({ description: 'Of the last interval' }),
    predictedLoad: Load.openapi({ description: 'Of the next one; those that wait are part of it' }),
    replica: Replica.nullable().openapi({ description: 'null where there is none, or nothing is asked' }),
    apart: z
      .strictObject({
        prefill: count('Replicas that compute prompts'),
        decode: count('Replicas that generate'),
      })
      .nullable()
      .openapi({ description: 'Were prompts and answers computed on replicas of their own' }),
  })
  .openapi('ModelScaling');

export const Scaling = z
  .strictObject({
    intervalMs: amount('What loads are counted by'),
    models: z.array(ModelScaling),
  })
  .openapi('Scaling', {
    description: 'Advice alone: nothing is started or stopped; docs/scaling.md says how it is made',
  });
