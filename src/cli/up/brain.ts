/** What the scheduler decides by: policy and profile, and what they know of times, prompts, sessions and figures. */

import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../../config/index.ts';
import type { Clock, LifecycleListener } from '../../domain/index.ts';
import type { Predictor, ServiceNews } from '../../prediction/index.ts';
import type { LookupFileNews } from '../../predictors/index.ts';
import {
  type AdmissionGate,
  admissionGate,
  createPolicy,
  earliestFirstToken,
  type PolicyInputs,
  type PolicySwitch,
  type SchedulingPolicy,
  saturationOf,
} from '../../queueing/index.ts';
import { PrefixIndex, type RoutingInputs, RoutingProfile, SessionMemory } from '../../routing/index.ts';
import { LoadMeter } from '../../scaling/index.ts';
import type { SchedulerParts } from '../../scheduler/index.ts';
import { MetricsCollector } from '../../telemetry/index.ts';
import {
  loadPolicyFile,
  type PolicyFile,
  type PolicyFileNews,
  type PolicyFileOptions,
} from './policy-file.ts';
import { Prediction, type TimeSources } from './prediction.ts';
import { StartError } from './start-error.ts';

export interface BrainOptions {
  readonly clock: Clock;
  /** Told when a policy changes its own way of going about. */
  readonly onSwitch: (change: PolicySwitch) => void;
  /** Told of what happens to a policy in a file. */
  readonly onPolicyFile: (news: PolicyFileNews) => void;
  /** Told when a table of times was read again, or could not be. */
  readonly onTableNews: (news: LookupFileNews) => void;
  /** Told when the predictor service stops answering and when it answers again. */
  readonly onServiceNews: (news: ServiceNews & { readonly url: string }) => void;
  /** Requests in the queue now. */
  readonly waitingRequests: () => number;
  /** The absolute path of a file that the configuration names. */
  readonly pathOf: (file: string) => string;
}

type ConfiguredParts = Pick<SchedulerParts, 'policy' | 'profile' | 'settings'>;

/** Milliseconds of prompt work before an instance from which on it counts as full. */
const FULL_PREFILL_MS = 2_000;

export class Brain {
  readonly predictor: Predictor;
  /** To be told of decisions, besides being a listener. */
  readonly metrics: MetricsCollector;
  readonly loads: LoadMeter;
  readonly inputs: Required<RoutingInputs>;
  readonly policyInputs: PolicyInputs;
  /** In the order in which they are to hear of a dispatch: the predictor asks the index what was held before it. */
  readonly listeners: readonly LifecycleListener[];
  /** Turns away whom waiting would not help, as the configuration in force says. */
  readonly gate: AdmissionGate = { refusal: (...asked) => this.#gate?.refusal(...asked) };
  readonly #options: BrainOptions;
  readonly #prediction: Prediction;
  #gate: AdmissionGate | undefined;
  #policyFile: PolicyFile | undefined;

  /** How long whole requests take: for the task queue. */
  get times(): TimeSources {
    return this.#prediction.times;
  }

  constructor(options: BrainOptions) {
    const { clock, onSwitch, waitingRequests } = options;
    const prefixes = new PrefixIndex();
    const sessions = new SessionMemory();
    this.#options = options;
    this.#prediction = new Prediction({
      ...options,
      cachedTokens: (request, { id }) => prefixes.cachedTokens(request, id),
    });
    this.predictor = this.#prediction.predictor;
    this.metrics = new MetricsCollector({ clock, waitingRequests });
    this.loads = new LoadMeter();
    this.inputs = { predictor: this.predictor, prefixes, sessions };
    this.policyInputs = { predictor: this.predictor, prefixes, metrics: this.metrics, onSwitch };
    this.listeners = [this.predictor, prefixes, sessions, this.metrics, this.loads];
  }

  /** Policy, profile and limits as the configuration says. */
  async open(config: Config): Promise<ConfiguredParts> {
    await this.#prediction.use(config.prediction);
    const policy = await this.#openPolicy(config);
    this.#gate = this.#gateOf(config);
    return { policy, profile: this.#profileOf(config), settings: schedulerSettings(config) };
  }

  /** Only what differs between two configurations, so that a policy keeps what it has learnt. */
  async change(before: Config, after: Config): Promise<Partial<ConfiguredParts>> {
    const isSamePolicy = isDeepStrictEqual(before.policy, after.policy);
    const isSameProfile = isDeepStrictEqual(before.routing, after.routing);
    const profile = isSameProfile ? undefined : this.#profileOf(after);
    await this.#prediction.use(after.prediction);
    const policy = isSamePolicy ? undefined : await this.#openPolicy(after);
    this.#gate = this.#gateOf(after);
    return {
      ...(policy !== undefined && { policy }),
      ...(profile !== undefined && { profile }),
      settings: schedulerSettings(after),
    };
  }

  close(): void {
    this.#policyFile?.close();
    this.#prediction.close();
  }

  async #openPolicy({ policy }: Config): Promise<SchedulingPolicy> {
    const { name, file, parameters } = policy;
    const { onPolicyFile, pathOf } = this.#options;
    const inputs = this.policyInputs;
    const options = { parameters, inputs, onNews: onPolicyFile };
    const opened = file === undefined ? undefined : await openPolicyFile(pathOf(file), options);
    this.#policyFile?.close();
    this.#policyFile = opened;
    return opened?.policy ?? createPolicy({ ...parameters, name }, inputs);
  }

  #profileOf({ routing }: Config): RoutingProfile {
    return new RoutingProfile(routing, this.inputs);
  }

  #gateOf({ queue }: Config): AdmissionGate {
    const { predictor } = this;
    return admissionGate({
      sheddableFrom: queue.sheddableFrom,
      earliestFirstTokenMs: earliestFirstToken(predictor, this.inputs.prefixes),
      saturation({ instances, lane }) {
        const first = instances[0];
        if (first === undefined) return 0;
        const { msPerToken } = predictor.coefficients(first.instance.id, lane.model);
        return saturationOf(instances, FULL_PREFILL_MS / msPerToken);
      },
    });
  }
}

async function openPolicyFile(path: string, options: PolicyFileOptions): Promise<PolicyFile> {
  try {
    return await loadPolicyFile(path, options);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StartError(`policy: ${path} cannot be loaded: ${reason}`, { cause });
  }
}

function schedulerSettings({ queue, retries, health, scrape }: Config): SchedulerParts['settings'] {
  const { maxRequests, maxTokens, maxBytes } = queue;
  return {
    admission: { maxRequests, maxTokens, maxBytes },
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
