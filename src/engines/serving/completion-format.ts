/** The JSON of chat and text completions, whole and as frames of a stream. */

import type { CompletionKind } from './completion-request.ts';
import type { FinishReason, GenerationEvent } from './token-engine.ts';

export type EndEvent = Extract<GenerationEvent, { type: 'end' }>;

export interface CompletionIdentity {
  readonly kind: CompletionKind;
  readonly id: string;
  readonly model: string;
  /** Epoch seconds. */
  readonly created: number;
}

/** The frames of one stream; what does not change from frame to frame is serialised once. */
export interface FrameWriter {
  /** What comes before the first token: a chat names the role. */
  readonly opening: string;
  token(text: string): string;
  end(finishReason: FinishReason): string;
  usage(end: EndEvent): string;
}

export const STREAM_DONE = 'data: [DONE]\n\n';

export const errorFrame = (errorBody: unknown) => `data: ${JSON.stringify(errorBody)}\n\n`;

export function frameWriter(identity: CompletionIdentity): FrameWriter {
  const { kind, id, model, created } = identity;
  const object = kind === 'chat' ? 'chat.completion.chunk' : 'text_completion';
  const head = `data: ${JSON.stringify({ id, object, created, model }).slice(0, -1)},"choices":`;
  const frame = (delta: string, reason: string) =>
    `${head}[{"index":0,${delta},"logprobs":null,"finish_reason":${reason}}]}\n\n`;
  const delta =
    kind === 'chat' ? (text: string) => `"delta":{"content":${text}}` : (text: string) => `"text":${text}`;
  return {
    opening: kind === 'chat' ? frame('"delta":{"role":"assistant","content":""}', 'null') : '',
    token: (text) => frame(delta(JSON.stringify(text)), 'null'),
    end: (reason) => frame(kind === 'chat' ? '"delta":{}' : '"text":""', JSON.stringify(reason)),
    usage: (end) => `${head}[],"usage":${JSON.stringify(usageOf(end))}}\n\n`,
  };
}

export function wholeAnswer(identity: CompletionIdentity, text: string, end: EndEvent): unknown {
  const { kind, id, model, created } = identity;
  const common = { index: 0, logprobs: null, finish_reason: end.finishReason };
  return {
    id,
    object: kind === 'chat' ? 'chat.completion' : 'text_completion',
    created,
    model,
    choices: [
      kind === 'chat' ? { ...common, message: { role: 'assistant', content: text } } : { ...common, text },
    ],
    usage: usageOf(end),
  };
}

function usageOf({ promptTokens, completionTokens, cachedTokens }: EndEvent) {
  return {
    prompt_tokens: promptTokens,
    total_tokens: promptTokens + completionTokens,
    completion_tokens: completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
  };
}
