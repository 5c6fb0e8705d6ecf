/** Keeps instances that do a whole request; `prefill` and `decode` instances do only a part of one. */

import type { Filter } from '../plugins.ts';

export const roleFilter: Filter = {
  name: 'role',
  keeps: (_request, { instance }) => instance.role === 'both',
};
