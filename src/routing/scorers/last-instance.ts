/** Where the conversation, or the user, was answered last. */

import { definePart, type Scorer } from '../plugins.ts';

/** score = 1 for the instance that got the session's latest request, else 0; 1 for all while none is remembered among them. */
export const lastInstance = definePart({
  name: 'last-instance',
  describe: "The instance that answered the session's (or the user's) latest request.",
  needs: ['sessions'],
  parameters: {},
  create: (): Scorer => ({
    name: 'last-instance',
    score(request, views, scores, measures, { inputs }) {
      const id = inputs.sessions!.lastInstance(request)?.id;
      let found = false;
      for (let i = 0; i < views.length; i++) {
        const isLast = views[i]!.instance.id === id;
        if (isLast) found = true;
        scores[i] = isLast ? 1 : 0;
        measures[i] = scores[i]!;
      }
      if (found) return;
      scores.fill(1, 0, views.length);
      measures.fill(-1, 0, views.length);
    },
    describe: (measure) =>
      measure < 0
        ? 'nothing is remembered'
        : measure > 0
          ? 'answered the one before'
          : 'another answered before',
  }),
});
