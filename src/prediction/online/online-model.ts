/** The step formula, learnt for each model and instance class, with a bias for each instance. */

import type { ForecastFacts, PredictedMs, StepCoefficients } from '../../domain/index.ts';
import type { Place } from '../instance-class.ts';
import type { LatencyModel, Observation } from '../latency-model.ts';
import { CoefficientLearner, type StepPrior } from './coefficient-learner.ts';
import { Residuals } from './residuals.ts';
import { scaledCoefficients } from './scaled-coefficients.ts';
import { StepWork } from './step-work.ts';
import { addDecodeStep, addDecodeWork, addPrefillWork, prefillPairs } from './work-of.ts';

export interface OnlineModelOptions {
  /** Where learning starts. */
  readonly prior: (place: Place) => StepPrior;
  /** What a sample counts after the next one came, 0.995: it halves in 138 samples. */
  readonly forgetting: number;
  /** Weight of the newest sample in an instance's bias. */
  readonly biasWeight: number;
}

/** An instance is at most so many times faster or slower than its class. */
const MAX_BIAS = 2;
/** The first errors tell of the prior, not of what is to be expected once it was corrected. */
const SAMPLES_BEFORE_RESIDUALS = 10;
/** Prompts never take more than this share of the steps of those who generate. */
const MAX_PREFILL_SHARE = 0.9;

/** What is known of one model on one class of instances. */
interface ClassState {
  readonly learner: CoefficientLearner;
  readonly maxBatchedTokens: number;
  /** Kept apart: where prompts wait for others, errors add up. */
  readonly idleTtft: Residuals;
  readonly queuedTtft: Residuals;
  readonly tpot: Residuals;
}

/** A class as one instance has it. */
interface Estimator {
  readonly state: ClassState;
  readonly logBias: { value: number };
  /** Coefficients as last handed out, and what was known then. */
  handedOut: StepCoefficients | undefined;
  handedOutAtSamples: number;
  handedOutAtBias: number;
}

export class OnlineModel implements LatencyModel {
  readonly #options: OnlineModelOptions;
  readonly #classes = new Map<string, ClassState>();
  readonly #logBiases = new Map<string, { value: number }>();
  readonly #estimators = new WeakMap<Place, Estimator>();
  readonly #work = new StepWork();

  constructor(options: OnlineModelOptions) {
    this.#options = options;
  }

  /** This instance's own, its bias included; the same object until something was learnt. */
  coefficients(place: Place): StepCoefficients {
    const estimator = this.#estimator(place);
    const { state, logBias } = estimator;
    const { samples } = state.learner;
    const isFresh = estimator.handedOutAtSamples === samples && estimator.handedOutAtBias === logBias.value;
    if (estimator.handedOut !== undefined && isFresh) return estimator.handedOut;
    estimator.handedOut = scaledCoefficients(state.learner.coefficients(), Math.exp(logBias.value));
    estimator.handedOutAtSamples = samples;
    estimator.handedOutAtBias = logBias.value;
    return estimator.handedOut;
  }

  ttft(facts: ForecastFacts, place: Place): PredictedMs {
    const { state, logBias } = this.#estimator(place);
    addPrefillWork(this.#work.clear(), facts, state.maxBatchedTokens);
    return ttftResiduals(state, facts).around(state.learner.timeMs(this.#work) * Math.exp(logBias.value));
  }

  /** Steps that only decode, stretched by the share of time that prompts take from them at the rate they came in lately. */
  tpot(facts: ForecastFacts, place: Place): PredictedMs {
    const { state, logBias } = this.#estimator(place);
    const { learner, maxBatchedTokens } = state;
    const { decodingRequests, uncachedTokens, cachedTokens, prefillTokensPerSecond = 0 } = facts;
    addDecodeStep(this.#work.clear(), facts);
    const alone = learner.timeMs(this.#work);
    if (prefillTokensPerSecond > 0) {
      const decoding = decodingRequests + 1;
      const tokens = Math.max(1, maxBatchedTokens - decoding);
      const pairsPerToken = prefillPairs(uncachedTokens, cachedTokens) / Math.max(1, uncachedTokens);
      this.#work.clear().add(1, maxBatchedTokens, facts.kvTokens, decoding + 1, tokens * pairsPerToken);
      const msPerPromptToken = Math.max(0, learner.timeMs(this.#work) - alone) / tokens;
      const share = Math.min(MAX_PREFILL_SHARE, (prefillTokensPerSecond / 1000) * msPerPromptToken);
      return state.tpot.around((alone / (1 - share)) * Math.exp(logBias.value));
    }
    return state.tpot.around(alone * Math.exp(logBias.value));
  }

  learn(observation: Observation, place: Place): void {
    const { state, logBias } = this.#estimator(place);
    const { learner, maxBatchedTokens } = state;
    const work = this.#work.clear();
    if (observation.of !== 'decode') addPrefillWork(work, observation.facts, maxBatchedTokens);
    if (observation.of !== 'ttft') addDecodeWork(work, observation.mix, maxBatchedTokens);
    this.#noteResidual(observation, state);
    learner.learn(work, observation.ms);
    const surprise = Math.log(observation.ms / learner.timeMs(work)) - logBias.value;
    if (!Number.isFinite(surprise)) return;
    const bias = logBias.value + this.#options.biasWeight * surprise;
    logBias.value = Math.max(-Math.log(MAX_BIAS), Math.min(Math.log(MAX_BIAS), bias));
  }

  forgetInstance(instanceId: string): void {
    this.#logBiases.delete(instanceId);
  }

  #noteResidual(observation: Observation, state: ClassState): void {
    if (state.learner.samples < SAMPLES_BEFORE_RESIDUALS) return;
    if (observation.of === 'ttft') {
      ttftResiduals(state, observation.facts).add(observation.ms / observation.predictedMs);
    } else if (observation.of === 'decode') {
      state.tpot.add(observation.ms / observation.mix.steps / observation.predictedMs);
    }
  }

  #estimator(place: Place): Estimator {
    const known = this.#estimators.get(place);
    if (known !== undefined) return known;
    const { id } = place.instance;
    const logBias = this.#logBiases.get(id) ?? { value: 0 };
    this.#logBiases.set(id, logBias);
    const estimator = {
      state: this.#classState(place),
      logBias,
      handedOut: undefined,
      handedOutAtSamples: -1,
      handedOutAtBias: 0,
    };
    this.#estimators.set(place, estimator);
    return estimator;
  }

  #classState(place: Place): ClassState {
    const key = `${place.instanceClass}\u0000${place.model}`;
    const known = this.#classes.get(key);
    if (known !== undefined) return known;
    const prior = this.#options.prior(place);
    const residuals = () => new Residuals(prior.relativeUncertainty);
    const state = {
      learner: new CoefficientLearner(prior, this.#options.forgetting),
      maxBatchedTokens: prior.coefficients.maxBatchedTokens,
      idleTtft: residuals(),
      queuedTtft: residuals(),
      tpot: residuals(),
    };
    this.#classes.set(key, state);
    return state;
  }
}

function ttftResiduals(state: ClassState, { queuedPrefillTokens }: ForecastFacts): Residuals {
  return queuedPrefillTokens > 0 ? state.queuedTtft : state.idleTtft;
}
