/** What the scheduler knows besides requests and instances: how long things take, who holds which prompts, where sessions were. */

import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../../config/index.ts';
import type { Clock, LifecycleListener } from '../../domain/index.ts';
import { createPredictor, type Predictor } from '../../prediction/index.ts';
import { createPolicy, type PolicyInputs, type PolicySwitch } from '../../queueing/index.ts';
import { PrefixIndex, type RoutingInputs, RoutingProfile, SessionMemory } from '../../routing/index.ts';
import type { SchedulerParts } from '../../scheduler/index.ts';
import { MetricsCollector } from '../../telemetry/index.ts';

export interface Brain {
  readonly predictor: Predictor;
  /** To be told of decisions, besides being a listener. */
  readonly metrics: MetricsCollector;
  readonly inputs: Required<RoutingInputs>;
  readonly policyInputs: PolicyInputs;
  /** In the order in which they are to hear of a dispatch: the predictor asks the index what was held before it. */
  readonly listeners: readonly LifecycleListener[];
  /** Policy, profile and limits as the configuration says, each made anew. */
  parts(config: Config): ConfiguredParts;
  /** Only what differs between two configurations, so that a policy keeps what it has learnt. */
  changedParts(before: Config, after: Config): Partial<ConfiguredParts>;
}

type ConfiguredParts = Pick<SchedulerParts, 'policy' | 'profile' | 'settings'>;

export interface BrainOptions {
  readonly clock: Clock;
  /** Told when a policy changes its own way of going about. */
  readonly onSwitch: (change: PolicySwitch) => void;
  /** Requests in the queue now. */
  readonly waitingRequests: () => number;
}

export function createBrain({ clock, onSwitch, waitingRequests }: BrainOptions): Brain {
  const prefixes = new PrefixIndex();
  const sessions = new SessionMemory();
  const predictor = createPredictor(undefined, {
    cachedTokens: (request, { id }) => prefixes.cachedTokens(request, id),
  });
  const metrics = new MetricsCollector({ clock, waitingRequests });
  const inputs = { predictor, prefixes, sessions };
  const policyInputs = { predictor, prefixes, metrics, onSwitch };
  const policyOf = (config: Config) =>
    createPolicy({ ...config.policy.parameters, name: config.policy.name }, policyInputs);
  const profileOf = (config: Config) => new RoutingProfile(config.routing, inputs);
  return {
    predictor,
    metrics,
    inputs,
    policyInputs,
    listeners: [predictor, prefixes, sessions, metrics],
    parts: (config) => ({
      policy: policyOf(config),
      profile: profileOf(config),
      settings: schedulerSettings(config),
    }),
    changedParts: (before, after) => ({
      ...(!isDeepStrictEqual(before.policy, after.policy) && { policy: policyOf(after) }),
      ...(!isDeepStrictEqual(before.routing, after.routing) && { profile: profileOf(after) }),
      settings: schedulerSettings(after),
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
