/** A task as the HTTP request that an engine gets, and as the request that the scheduler decides about. */

import {
  createRequest,
  lowerPriority,
  type RequestKind,
  type RequestMetadata,
  type RequestPriority,
} from '../../domain/index.ts';
import type { JsonObject, Task } from '../task.ts';

export interface EngineBody {
  readonly path: string;
  readonly body: string;
}

/** Where a body goes that names no endpoint, by the field that only that endpoint has. */
const ENDPOINTS: readonly (readonly [field: string, path: string])[] = [
  ['messages', '/v1/chat/completions'],
  ['prompt', '/v1/completions'],
  ['input', '/v1/embeddings'],
];

const KINDS: Readonly<Record<string, RequestKind>> = {
  '/v1/chat/completions': 'chat',
  '/v1/completions': 'completion',
  '/v1/embeddings': 'embedding',
};

/** Why a task cannot be a request to an engine, in words; `undefined` when it can. */
export function engineObstacle({ input, endpoint }: Pick<Task, 'input' | 'endpoint'>): string | undefined {
  if (input.stream === true) {
    return 'task_input.stream: found true; a task has one result, so an engine is never asked to stream (leave it out)';
  }
  if (endpoint === undefined && endpointOf(input) === undefined) {
    const fields = ENDPOINTS.map(([field]) => field).join(', ');
    return `task_input: has none of ${fields}, so it is not clear which endpoint of the engine is meant (name it as endpoint)`;
  }
  if (endpoint !== undefined && !/^\/[\w./-]*$/.test(endpoint)) {
    return `endpoint: found ${JSON.stringify(endpoint)}; allowed is a path such as /v1/chat/completions`;
  }
  return undefined;
}

/** @throws Error when there is an obstacle */
export function engineBody(task: Task): EngineBody {
  const obstacle = engineObstacle(task);
  if (obstacle !== undefined) throw new Error(obstacle);
  const { stream: _stream, stream_options: _options, ...input } = task.input;
  return { path: task.endpoint ?? endpointOf(input)!, body: JSON.stringify({ ...input, model: task.model }) };
}

function endpointOf(input: JsonObject): string | undefined {
  return ENDPOINTS.find(([field]) => input[field] !== undefined)?.[1];
}

export interface RequestFacts {
  readonly task: Task;
  readonly engine: EngineBody;
  readonly nowMs: number;
  readonly maxPriority: RequestPriority;
  readonly bytesPerToken: number;
  /** Ids of the fleet's instances that may have it; absent: all. */
  readonly onlyInstances?: readonly string[];
}

export function schedulerRequest(facts: RequestFacts): RequestMetadata {
  const { task, engine, nowMs, maxPriority, bytesPerToken, onlyInstances } = facts;
  const bodyBytes = Buffer.byteLength(engine.body);
  const maxTokens = wholeNumber(task.input.max_completion_tokens) ?? wholeNumber(task.input.max_tokens);
  return createRequest({
    id: `task-${task.id}.${task.attempt}`,
    model: task.model,
    kind: KINDS[engine.path] ?? 'other',
    priority: lowerPriority(task.priority, maxPriority),
    arrivalMs: nowMs,
    promptTokens: Math.max(1, Math.ceil(bodyBytes / bytesPerToken)),
    bodyBytes,
    ...(maxTokens !== undefined && { maxTokens }),
    ...(task.deadlineMs !== undefined && { deadlineMs: task.deadlineMs }),
    ...(task.tenant !== undefined && { tenant: task.tenant }),
    ...(onlyInstances !== undefined && { onlyInstances }),
    tags: { task: task.id },
  });
}

function wholeNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : undefined;
}
