/** Which instances are alike enough to learn from each other. */

import type { ExecutionInstance } from '../domain/index.ts';

/** Same engine, accelerator, their number, and the way the model is spread over them. */
export function instanceClassOf({ engine, gpuType, gpuCount, parallel }: ExecutionInstance): string {
  const { tensor, pipeline, data, expert } = parallel;
  const gpu = gpuType?.trim().toLowerCase() || 'unknown';
  return `${engine}/${gpu}x${gpuCount}/tp${tensor}pp${pipeline}dp${data}ep${expert}`;
}

/** A request on an instance, as far as its speed goes. */
export interface Place {
  readonly instance: ExecutionInstance;
  /** The model that computes: for a LoRA adapter, the one beneath it. */
  readonly model: string;
  readonly instanceClass: string;
}

export function placeOf(instance: ExecutionInstance, requestedModel: string): Place {
  const isAdapter = !instance.models.includes(requestedModel) && instance.adapters.includes(requestedModel);
  const model = isAdapter ? (instance.models[0] ?? requestedModel) : requestedModel;
  return { instance, model, instanceClass: instanceClassOf(instance) };
}
