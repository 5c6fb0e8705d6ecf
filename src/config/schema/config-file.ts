/** The one YAML file as a schema. */

import * as z from 'zod';
import type { KnownNames } from '../names.ts';
import { authSection } from './auth.ts';
import { healthSection, scrapeSection } from './health.ts';
import { instanceSchema } from './instances.ts';
import { listenersSection } from './listeners.ts';
import { aliasesSection, modelsSection } from './models.ts';
import {
  decisionsSection,
  f5Section,
  hintsSection,
  limitsSection,
  loggingSection,
  reloadSection,
  seedSection,
  shutdownSection,
  tokenEstimateSection,
  upstreamSection,
} from './operation.ts';
import { pipelinesSection } from './pipelines.ts';
import { predictionSection } from './prediction.ts';
import { policySection, queueSection, retriesSection, routingSection } from './scheduling.ts';
import { tasksSection } from './tasks.ts';
import { telemetrySection } from './telemetry.ts';

/** The schema, with the names that policies, profiles and simulations may have; made once for the same names. */
export function configFileSchema(names: KnownNames): ReturnType<typeof makeSchema> {
  let schema = made.get(names);
  if (schema === undefined) {
    schema = makeSchema(names);
    made.set(names, schema);
  }
  return schema;
}

const made = new WeakMap<KnownNames, ReturnType<typeof makeSchema>>();

const makeSchema = (names: KnownNames) =>
  z.strictObject({
    $schema: z.string().optional().describe('Address of this schema, for editors that look for it here.'),
    listeners: listenersSection,
    instances: z.array(instanceSchema(names)).default([]).describe('The engines that requests are sent to.'),
    models: modelsSection,
    aliases: aliasesSection,
    queue: queueSection,
    policy: policySection(names),
    routing: routingSection(names),
    prediction: predictionSection,
    retries: retriesSection,
    health: healthSection,
    scrape: scrapeSection,
    upstream: upstreamSection,
    limits: limitsSection,
    tokenEstimate: tokenEstimateSection,
    shutdown: shutdownSection,
    logging: loggingSection,
    auth: authSection,
    hints: hintsSection,
    seed: seedSection,
    decisions: decisionsSection,
    reload: reloadSection,
    f5: f5Section,
    tasks: tasksSection,
    pipelines: pipelinesSection,
    telemetry: telemetrySection,
  });

/** What the file says, checked piece by piece and with defaults, before secrets and cross-references are resolved. */
export type ConfigFile = z.output<ReturnType<typeof configFileSchema>>;
export type InstanceFile = ConfigFile['instances'][number];
