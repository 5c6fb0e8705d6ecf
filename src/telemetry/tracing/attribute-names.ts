/**
 * What spans call things. Those of the semantic conventions are compared with the package of the conventions by a test; the
 * ones for generative AI are still being renamed, so that nobody writes one out anywhere else.
 */

import type { RequestKind } from '../../domain/index.ts';

export const CONVENTIONAL = {
  operation: 'gen_ai.operation.name',
  provider: 'gen_ai.provider.name',
  model: 'gen_ai.request.model',
  maxTokens: 'gen_ai.request.max_tokens',
  stream: 'gen_ai.request.stream',
  inputTokens: 'gen_ai.usage.input_tokens',
  outputTokens: 'gen_ai.usage.output_tokens',
  cachedTokens: 'gen_ai.usage.cache_read.input_tokens',
  /** Seconds. */
  timeToFirstChunk: 'gen_ai.response.time_to_first_chunk',
  status: 'http.response.status_code',
  path: 'url.path',
  url: 'url.full',
  address: 'server.address',
  port: 'server.port',
} as const;

/** Ours, where the conventions have no word. Times in milliseconds. */
export const OWN = {
  requestId: 'signalbox.request.id',
  instance: 'signalbox.instance',
  outcome: 'signalbox.outcome',
  attempt: 'signalbox.attempt',
  attempts: 'signalbox.attempts',
  queueMs: 'signalbox.queue_ms',
  priority: 'signalbox.priority',
  tenant: 'signalbox.tenant',
  decision: 'signalbox.decision',
  task: 'signalbox.task.id',
  tasks: 'signalbox.task.count',
  batch: 'signalbox.batch.id',
} as const;

/** As the conventions name operations, where they have a name. */
export const OPERATIONS: Readonly<Record<RequestKind, string>> = {
  chat: 'chat',
  completion: 'text_completion',
  embedding: 'embeddings',
  other: 'request',
};
