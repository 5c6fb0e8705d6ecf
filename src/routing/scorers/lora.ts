/** Where the LoRA adapter is loaded, the request need not wait for it. */

import type { ExecutionInstance, InstanceView, RequestMetadata } from '../../domain/index.ts';
import { definePart, type Scorer } from '../plugins.ts';

const LOADED = 1;
const ROOM = 0.8;
const OFFERED = 0.6;

/**
 * llm-d's ladder: 1 where the adapter is loaded, 0.8 where there is room to load it, 0.6 where it is offered though others fill
 * the room, else 0. llm-d gives 0.6 where a request waits for the adapter, which engines other than vLLM do not tell.
 */
export const lora = definePart({
  name: 'lora',
  describe: 'Where the LoRA adapter is loaded is best, then where there is room for it.',
  parameters: {
    maxLoaded: {
      type: 'number',
      default: 4,
      min: 1,
      describe: 'Adapters that an engine keeps loaded at once (vLLM: max_loras).',
    },
  },
  create: ({ maxLoaded }): Scorer => ({
    name: 'lora',
    score(request, views, scores, measures) {
      for (let i = 0; i < views.length; i++) {
        const score = standing(request, views[i]!, maxLoaded);
        scores[i] = score;
        measures[i] = score;
      }
    },
    describe: (score) => REASONS.get(score) ?? 'the adapter is not known there',
  }),
});

const REASONS: ReadonlyMap<number, string> = new Map([
  [LOADED, 'the adapter is loaded, or none is asked for'],
  [ROOM, 'there is room to load the adapter'],
  [OFFERED, 'the adapter is offered, but others fill the room'],
]);

function standing(request: RequestMetadata, { instance, report }: InstanceView, maxLoaded: number): number {
  const adapter = adapterFor(request, instance);
  if (adapter === undefined) return LOADED;
  const loaded = report?.loadedAdapters;
  if (loaded?.includes(adapter) === true) return LOADED;
  if (!instance.adapters.includes(adapter)) return 0;
  return loaded === undefined || loaded.length < maxLoaded ? ROOM : OFFERED;
}

/** An adapter may be asked for by itself, or in place of a model. */
function adapterFor({ adapter, model }: RequestMetadata, instance: ExecutionInstance): string | undefined {
  return adapter ?? (instance.adapters.includes(model) ? model : undefined);
}
