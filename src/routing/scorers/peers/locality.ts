/** sageLLM's locality rule: model and user hashed to a place among the instances. */

import { definePart, type Scorer } from '../../plugins.ts';
import { md5Hex } from './md5.ts';

/**
 * The instance at place (first 8 hexadecimal digits of md5("model:user")) modulo their number gets 1, the others 0; a missing
 * user is the text `None`. Where the number of instances changes, nearly all users move: `session` is what to use instead.
 */
export const locality = definePart({
  name: 'locality',
  describe: "sageLLM's rule: md5 of model and user, modulo the number of instances.",
  parameters: {},
  create: (): Scorer => ({
    name: 'locality',
    score({ model, user = 'None' }, views, scores, measures) {
      const place = Number.parseInt(md5Hex(`${model}:${user}`).slice(0, 8), 16) % Math.max(1, views.length);
      for (let i = 0; i < views.length; i++) {
        scores[i] = i === place ? 1 : 0;
        measures[i] = scores[i]!;
      }
    },
    describe: (measure) => (measure > 0 ? 'model and user hash here' : 'model and user hash elsewhere'),
  }),
});
