/** Which kind of instance a request belongs to, where some are tuned for prompts and others for answers. */

import type { RequestMetadata } from '../../domain/index.ts';

/** `both`: it makes no difference. */
export type RequestPhase = 'prefill' | 'decode' | 'both';

export interface PhaseSettings {
  /** `adaptive`: urgency counts before sizes; `threshold`: only sizes; `off`: every request is `both`. */
  readonly policy: 'adaptive' | 'threshold' | 'off';
  /** A prompt of more tokens than this is a prefill request. */
  readonly promptTokens: number;
  /** One whose prompt is more than so many times its answer is, too. */
  readonly ratio: number;
  /** An urgent request with a shorter answer than this is a decode request. */
  readonly urgentOutputTokens: number;
  /** One that must be done sooner than this is a decode request, milliseconds from its arrival. */
  readonly urgentDeadlineMs: number;
}

/** The guide's. */
export const DEFAULT_PHASE_SETTINGS: PhaseSettings = Object.freeze({
  policy: 'adaptive',
  promptTokens: 800,
  ratio: 4,
  urgentOutputTokens: 500,
  urgentDeadlineMs: 100,
});

/** The answer's length where the request does not bound it. */
const ASSUMED_OUTPUT_TOKENS = 100;

/** sageLLM's rules, but for urgency: there only CRITICAL requests are, though HIGH ones are meant as well. */
export function classifyPhase(request: RequestMetadata, settings: PhaseSettings): RequestPhase {
  const { policy, promptTokens, ratio, urgentOutputTokens, urgentDeadlineMs } = settings;
  if (policy === 'off') return 'both';
  const { maxTokens: outputTokens = ASSUMED_OUTPUT_TOKENS, priority, deadlineMs, arrivalMs } = request;
  if (policy === 'adaptive') {
    const isUrgent = priority === 'CRITICAL' || priority === 'HIGH';
    if (isUrgent && outputTokens < urgentOutputTokens) return 'decode';
    if (deadlineMs !== undefined && deadlineMs - arrivalMs < urgentDeadlineMs) return 'decode';
  }
  if (request.promptTokens > promptTokens) return 'prefill';
  return outputTokens > 0 && request.promptTokens / outputTokens > ratio ? 'prefill' : 'decode';
}
