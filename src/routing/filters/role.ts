/** Keeps instances that do a whole request; `prefill` and `decode` instances do only a part of one. */

import type { Filter } from '../plugins.ts';

export const roleFilter: Filter = {
  name: 'role',
  apply(_request, views, dropped, mark) {
    for (let i = 0; i < views.length; i++) {
      if (dropped[i] === 0 && views[i]!.instance.role !== 'both') dropped[i] = mark;
    }
  },
};
