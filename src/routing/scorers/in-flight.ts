/** Fewer of our own requests at the instance are better; an idle one gets 1. */

import { plainPart, type Scorer } from '../plugins.ts';

/** score = 1 − n / max n, and 1 where nobody has any: what llm-d calls active-request. */
const scorer: Scorer = {
  name: 'in-flight',
  score(_request, views, scores, measures) {
    let max = 1;
    for (let i = 0; i < views.length; i++) {
      const requests = views[i]!.inFlightRequests;
      measures[i] = requests;
      if (requests > max) max = requests;
    }
    for (let i = 0; i < views.length; i++) scores[i] = 1 - measures[i]! / max;
  },
  describe: (requests) => `${requests} requests in flight`,
};

export const inFlight = plainPart(scorer, 'Fewer of our own requests in flight are better; idle is best.');
