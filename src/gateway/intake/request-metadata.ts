/** Joins what the key, the headers, the body and the model's defaults say into the request that is scheduled. */

import {
  createRequest,
  lowerPriority,
  type RequestMetadata,
  type RequestPriority,
} from '../../domain/index.ts';
import type { PromptPrefix } from '../../routing/index.ts';
import type { BodyFacts } from './body/body-facts.ts';
import { priorityOfNumber } from './engine-priority.ts';
import type { ForwardPreflight } from './intake.ts';

/** What requests of one model get that wish for nothing else. */
export interface ModelDefaults {
  readonly priority?: RequestPriority | undefined;
  /** Milliseconds from arrival to the deadline. */
  readonly deadlineAfterMs?: number | undefined;
  readonly ttftSloMs?: number | undefined;
  readonly tpotSloMs?: number | undefined;
}

export interface RequestSources {
  readonly receivedAtMs: number;
  readonly preflight: ForwardPreflight;
  readonly facts: BodyFacts;
  /** After aliases. */
  readonly model: string;
  readonly defaults: ModelDefaults;
  /** Length of the body as it is forwarded. */
  readonly bodyBytes: number;
  /** Its prompt in hashed blocks, where routing asks for them. */
  readonly prefix?: PromptPrefix | undefined;
  /** Whether the body's `priority` counts. */
  readonly trustsPriority: boolean;
}

/** A header goes before the body, both before the model's default; the key's highest class caps them all. */
export function requestMetadata(sources: RequestSources): RequestMetadata {
  const { preflight, facts, defaults, receivedAtMs } = sources;
  const { hints, key } = preflight;
  const wanted = hints.priority ?? bodyPriority(sources) ?? defaults.priority ?? 'NORMAL';
  const deadlineMs =
    hints.deadlineMs ??
    (defaults.deadlineAfterMs === undefined ? undefined : receivedAtMs + defaults.deadlineAfterMs);
  const ttftSloMs = hints.ttftSloMs ?? defaults.ttftSloMs;
  const tpotSloMs = hints.tpotSloMs ?? defaults.tpotSloMs;
  const tenant = key.tenant ?? hints.webUiUser;
  return createRequest({
    id: preflight.requestId,
    model: sources.model,
    kind: preflight.kind,
    stream: facts.stream,
    priority: key.maxPriority === undefined ? wanted : lowerPriority(wanted, key.maxPriority),
    arrivalMs: receivedAtMs,
    promptTokens: facts.promptTokens,
    bodyBytes: sources.bodyBytes,
    promptTokensEstimated: facts.promptTokensEstimated,
    ...sources.prefix,
    ...(facts.promptText !== undefined && { promptText: facts.promptText }),
    ...(facts.maxTokens !== undefined && { maxTokens: facts.maxTokens }),
    ...(facts.user !== undefined && { user: facts.user }),
    ...(deadlineMs !== undefined && { deadlineMs }),
    ...(ttftSloMs !== undefined && { ttftSloMs }),
    ...(tpotSloMs !== undefined && { tpotSloMs }),
    ...(tenant !== undefined && { tenant }),
    ...(hints.session !== undefined && { session: hints.session }),
    ...(hints.tags !== undefined && { tags: hints.tags }),
  });
}

function bodyPriority({ facts, trustsPriority }: RequestSources): RequestPriority | undefined {
  if (!trustsPriority || facts.enginePriority === undefined) return undefined;
  return priorityOfNumber(facts.enginePriority);
}
