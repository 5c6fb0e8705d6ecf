/** Keeps instances that have not failed this request before. */

import type { Filter } from '../plugins.ts';

export const notFailedFilter: Filter = {
  name: 'not-failed',
  apply({ failedInstances }, views, dropped, mark) {
    if (failedInstances.length === 0) return;
    for (let i = 0; i < views.length; i++) {
      if (dropped[i] === 0 && failedInstances.includes(views[i]!.instance.id)) dropped[i] = mark;
    }
  },
};
