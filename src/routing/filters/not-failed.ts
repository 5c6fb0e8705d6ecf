/** Keeps instances that have not failed this request before. */

import type { Filter } from '../plugins.ts';

export const notFailedFilter: Filter = {
  name: 'not-failed',
  keeps: ({ failedInstances }, { instance }) =>
    failedInstances.length === 0 || !failedInstances.includes(instance.id),
};
