/** Keeps the instances that the request is restricted to: not a matter of profiles, so every profile has it, before its own filters. */

import type { Filter } from '../plugins.ts';

export const onlyInstancesFilter: Filter = {
  name: 'only-instances',
  apply({ onlyInstances }, views, dropped, mark) {
    if (onlyInstances === undefined) return;
    for (let i = 0; i < views.length; i++) {
      if (dropped[i] === 0 && !onlyInstances.includes(views[i]!.instance.id)) dropped[i] = mark;
    }
  },
};
