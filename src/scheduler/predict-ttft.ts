/** How long a request would wait for its first token at an instance, were it sent there now. */

import type {
  ForecastFacts,
  ForecastingPredictor,
  ForecastQuestion,
  LatencyPredictor,
  PredictedMs,
  RequestMetadata,
  StepCoefficients,
} from '../domain/index.ts';
import type { InstanceView, RoutingInputs } from '../routing/index.ts';

/** However long the first prompt there has been computed, this share of it is still taken to lie ahead. */
const LEAST_REMAINDER = 0.05;

/** Prompt tokens of `request` that the instance is taken to hold; 0 where nobody keeps count. */
export function heldTokens(
  request: RequestMetadata,
  view: InstanceView,
  { prefixes }: RoutingInputs,
): number {
  return prefixes?.cachedTokens(request, view.instance.id) ?? 0;
}

/** `undefined` where nothing predicts. */
export function predictTtft(
  request: RequestMetadata,
  view: InstanceView,
  held: number,
  predictor: LatencyPredictor | undefined,
  nowMs: number,
): PredictedMs | undefined {
  if (predictor === undefined) return undefined;
  const { model, promptTokens } = request;
  // Engines compute at least the last token of a prompt, however much of it they hold.
  const uncachedTokens = Math.max(1, promptTokens - held);
  const cachedTokens = Math.max(0, promptTokens - uncachedTokens);
  const question = { instanceId: view.instance.id, model, uncachedTokens, cachedTokens };
  const facts = knowsLoads(predictor)
    ? predictor.facts(question, nowMs)
    : { ...question, ...loadOf(view, predictor.coefficients(question.instanceId, model), nowMs) };
  return predictor.ttft(facts);
}

/** One that follows each instance itself is asked about that very load, so that it is judged by what decisions say. */
function knowsLoads(predictor: LatencyPredictor): predictor is ForecastingPredictor {
  return 'facts' in predictor;
}

function loadOf(
  { work }: InstanceView,
  coefficients: StepCoefficients,
  nowMs: number,
): Omit<ForecastFacts, keyof ForecastQuestion> {
  const done = headProgress(work, coefficients, nowMs);
  return {
    queuedPrefillTokens: work.uncachedTokens - work.headUncachedTokens * done,
    queuedPrefillPairs: Math.max(0, work.pairs - work.headPairs * done),
    decodingRequests: work.decodingRequests,
    kvTokens: work.decodingKvTokens,
  };
}

/** The share of the first prompt there that is computed by now, at the pace of steps filled up to the token budget. */
function headProgress(
  { headUncachedTokens, headSinceMs, decodingRequests }: InstanceView['work'],
  { fixedMs, weightsMs, msPerToken, maxBatchedTokens }: StepCoefficients,
  nowMs: number,
): number {
  if (headUncachedTokens === 0) return 0;
  const room = Math.max(maxBatchedTokens / 16, maxBatchedTokens - decodingRequests);
  const msPerPromptToken = (fixedMs + Math.hypot(weightsMs, msPerToken * maxBatchedTokens)) / room;
  const share = Math.max(0, nowMs - headSinceMs) / (headUncachedTokens * msPerPromptToken);
  return Math.min(1 - LEAST_REMAINDER, share);
}
