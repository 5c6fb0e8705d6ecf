/** Keeps instances that are `ready`. */

import type { Filter } from '../plugins.ts';

export const healthFilter: Filter = {
  name: 'health',
  keeps: (_request, view) => view.state === 'ready',
};
