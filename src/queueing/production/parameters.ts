/** What can be set of the `production` policy, with the guide's weights. */

import type { ParametersOf } from '../../domain/index.ts';

export const PRODUCTION_PARAMETERS = {
  sloWeight: {
    type: 'number',
    default: 2,
    min: 0,
    describe: 'Weight of how much of its time a request has used.',
  },
  loadWeight: { type: 'number', default: 1, min: 0, describe: 'Weight of how empty the instances are.' },
  topologyWeight: { type: 'number', default: 0.5, min: 0, describe: 'Weight of the preferred machine.' },
  maxLoad: {
    type: 'number',
    default: 0.8,
    min: 0,
    max: 1,
    describe: 'An instance fuller than this share of its window gets nothing.',
  },
  preferredMachine: {
    type: 'text',
    default: '',
    describe: 'The `machine` label of instances to prefer; empty for none.',
  },
  lateShare: {
    type: 'number',
    default: 0.1,
    min: 0.01,
    max: 1,
    describe: 'Least share of the dispatches that late requests get while there are any.',
  },
} as const;

export type ProductionParameters = ParametersOf<typeof PRODUCTION_PARAMETERS>;
