/** Sends long prompts to `prefill` instances, urgent requests and long answers to `decode` instances, all to `both`. */

import { definePart, type Filter } from '../plugins.ts';
import { classifyPhase } from '../roles/classify.ts';
import { PHASE_PARAMETERS, phaseSettings } from '../roles/phase-parameters.ts';
import { roleServes } from '../roles/role-fit.ts';
import { dropUnlessAll } from './at-least-one.ts';

/**
 * In place of `role`, for fleets whose `prefill` and `decode` instances are whole engines that are tuned for one of both: a prefill
 * request stays away from `decode` instances, a decode request from `prefill` instances. KV caches are not moved between them.
 */
export const pdRole = definePart({
  name: 'pd-role',
  describe:
    'Keeps the instances whose role fits the request: long prompts away from decode, the rest from prefill.',
  parameters: {
    ...PHASE_PARAMETERS,
    strict: {
      type: 'boolean',
      default: false,
      describe: 'Whether a request rather waits than goes to the other role, where no instance fits.',
    },
  },
  create: ({ strict, ...values }): Filter => {
    const settings = phaseSettings(values);
    return {
      name: 'pd-role',
      apply(request, views, dropped, mark) {
        const phase = classifyPhase(request, settings);
        const fits = (i: number): boolean => roleServes(views[i]!.instance.role, phase);
        if (!strict) {
          dropUnlessAll(fits, views.length, dropped, mark);
          return;
        }
        for (let i = 0; i < views.length; i++) if (dropped[i] === 0 && !fits(i)) dropped[i] = mark;
      },
    };
  },
});
