/** The nearer an instance is to where the conversation was, the better. */

import { definePart, type Scorer } from '../plugins.ts';
import { topologyAffinity } from '../topology/affinity.ts';
import { referenceInstance } from '../topology/reference.ts';

/** score = `topologyAffinity` from the reference, which itself gets 1; 1 for all where there is no reference. */
export const topology = definePart({
  name: 'topology',
  describe: 'The nearer to the instance that the request names, or that its session used last, the better.',
  uses: ['sessions'],
  parameters: {},
  create: (): Scorer => ({
    name: 'topology',
    score(request, views, scores, measures, { inputs }) {
      const reference = referenceInstance(request, views, inputs);
      for (let i = 0; i < views.length; i++) {
        const { instance } = views[i]!;
        if (reference === undefined) scores[i] = 1;
        else scores[i] = instance.id === reference.id ? 1 : topologyAffinity(reference, instance);
        measures[i] = reference === undefined ? -1 : scores[i]!;
      }
    },
    describe: (affinity) =>
      affinity < 0 ? 'there is nothing to be near to' : `nearness ${affinity} to where the session was`,
  }),
});
