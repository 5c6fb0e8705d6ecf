/** What the scheduler knows besides requests and instances: how long things take, who holds which prompts, where sessions were. */

import type { Config } from '../../config/index.ts';
import type { LifecycleListener } from '../../domain/index.ts';
import { createPredictor, type Predictor } from '../../prediction/index.ts';
import { createPolicy, type PolicyInputs, type PolicySwitch } from '../../queueing/index.ts';
import { PrefixIndex, type RoutingInputs, RoutingProfile, SessionMemory } from '../../routing/index.ts';
import type { SchedulerParts } from '../../scheduler/index.ts';

export interface Brain {
  readonly predictor: Predictor;
  readonly inputs: Required<RoutingInputs>;
  readonly policyInputs: PolicyInputs;
  /** In the order in which they are to hear of a dispatch: the predictor asks the index what was held before it. */
  readonly listeners: readonly LifecycleListener[];
  /** Policy, profile and limits as the configuration says. */
  parts(config: Config): Pick<SchedulerParts, 'policy' | 'profile' | 'settings'>;
}

export function createBrain(onSwitch: (change: PolicySwitch) => void): Brain {
  const prefixes = new PrefixIndex();
  const sessions = new SessionMemory();
  const predictor = createPredictor(undefined, {
    cachedTokens: (request, { id }) => prefixes.cachedTokens(request, id),
  });
  const inputs = { predictor, prefixes, sessions };
  const policyInputs = { predictor, prefixes, onSwitch };
  return {
    predictor,
    inputs,
    policyInputs,
    listeners: [predictor, prefixes, sessions],
    parts: (config) => ({
      policy: createPolicy(config.policy, policyInputs),
      profile: new RoutingProfile(config.routing, inputs),
      settings: schedulerSettings(config),
    }),
  };
}

function schedulerSettings({ queue, retries, health, scrape }: Config): SchedulerParts['settings'] {
  return {
    admission: { maxRequests: queue.maxRequests, maxTokens: queue.maxTokens },
    retries,
    health: {
      consecutiveFailures: health.passive.consecutiveFailures,
      baseEjectionMs: health.ejection.baseMs,
      maxEjectionMs: health.ejection.maxMs,
    },
    noInstanceWaitMs: queue.noInstanceWaitMs,
    reportStaleAfterMs: scrape.intervalMs * scrape.staleAfterIntervals,
  };
}
