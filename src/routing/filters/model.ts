/** Keeps instances that serve the request's model and have its adapter. */

import { servesModel } from '../../domain/index.ts';
import type { Filter } from '../plugins.ts';

export const modelFilter: Filter = {
  name: 'model',
  apply({ model, adapter }, views, dropped, mark) {
    for (let i = 0; i < views.length; i++) {
      if (dropped[i] !== 0) continue;
      const { instance } = views[i]!;
      const hasAdapter = adapter === undefined || instance.adapters.includes(adapter);
      if (!hasAdapter || !servesModel(instance, model)) dropped[i] = mark;
    }
  },
};
