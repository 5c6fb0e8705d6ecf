/** Writes the OpenAI request that a recorded request becomes. */

import type { TraceRequest } from '../../simulator/index.ts';
import type { Endpoint } from './options.ts';

export const PATHS: Readonly<Record<Endpoint, string>> = {
  chat: '/v1/chat/completions',
  completions: '/v1/completions',
};

export interface BodyOptions {
  readonly endpoint: Endpoint;
  readonly model: string;
  /** Asks vLLM and SGLang to go on to `max_tokens`, so that answers get the trace's lengths. */
  readonly ignoreEos: boolean;
}

export function requestBody(request: TraceRequest, prompt: string, options: BodyOptions): string {
  return JSON.stringify({
    model: options.model,
    ...(options.endpoint === 'chat' ? { messages: [{ role: 'user', content: prompt }] } : { prompt }),
    max_tokens: request.outputTokens,
    ...(options.ignoreEos ? { ignore_eos: true } : {}),
    stream: true,
    stream_options: { include_usage: true },
    ...(request.tenant === undefined ? {} : { user: request.tenant }),
  });
}
