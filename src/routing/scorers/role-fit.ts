/** Instances that are made for a request's phase, or do much of it now, are better. */

import { definePart, type Scorer } from '../plugins.ts';
import { classifyPhase } from '../roles/classify.ts';
import { PHASE_PARAMETERS, phaseSettings } from '../roles/phase-parameters.ts';
import { fitFor } from '../roles/role-fit.ts';

/** score = 1 for the phase's own role, 0 for the other, 0.6 to 0.8 for instances that do both, by what they do more of. */
export const roleFitScorer = definePart({
  name: 'role-fit',
  describe: "Instances made for the request's phase (prefill or decode) are better.",
  parameters: PHASE_PARAMETERS,
  create: (values): Scorer => {
    const settings = phaseSettings(values);
    return {
      name: 'role-fit',
      score(request, views, scores, measures) {
        const phase = classifyPhase(request, settings);
        for (let i = 0; i < views.length; i++) {
          scores[i] = fitFor(views[i]!, phase);
          measures[i] = scores[i]!;
        }
      },
      describe: (fit) => `its role fits by ${fit}`,
    };
  },
});
