/** Keeps instances that serve the request's model and have its adapter. */

import { servesModel } from '../../domain/index.ts';
import type { Filter } from '../plugins.ts';

export const modelFilter: Filter = {
  name: 'model',
  keeps: ({ model, adapter }, { instance }) =>
    servesModel(instance, model) && (adapter === undefined || instance.adapters.includes(adapter)),
};
