/** What can be set of the `signalbox` policy. */

import type { ParametersOf } from '../../domain/index.ts';

export const SIGNALBOX_PARAMETERS = {
  bandShare: {
    type: 'number',
    default: 0.05,
    min: 0.001,
    max: 0.2,
    describe: 'Share of the service that each class below the highest is guaranteed while it waits.',
  },
  ceilingSlope: {
    type: 'number',
    default: 0,
    min: 0,
    max: 1,
    describe:
      'How steeply lower classes leave room unused as the instances fill; 0: none is kept for others.',
  },
  lateShare: {
    type: 'number',
    default: 0.1,
    min: 0.01,
    max: 1,
    describe: "Least share of a tenant's dispatches that its late requests get while there are any.",
  },
  outputWeight: {
    type: 'number',
    default: 2,
    min: 0,
    describe: 'What an output token counts where an uncached prompt token counts 1.',
  },
  expectedOutputTokens: {
    type: 'number',
    default: 256,
    min: 0,
    describe: 'Output tokens charged in advance while nothing predicts them; never more than were asked for.',
  },
  quantumTokens: {
    type: 'number',
    default: 8_192,
    min: 0,
    describe: 'By how many tokens a tenant may go before its turn because its prefix is cached.',
  },
  localitySlackMs: {
    type: 'number',
    default: 250,
    min: 0,
    describe: 'Slack that a tenant’s requests may give up for one whose prefix is cached.',
  },
  foreignTokens: {
    type: 'number',
    default: 65_536,
    min: 0,
    describe: 'Consumption in other models’ lanes that may count against a tenant between two turns.',
  },
  tenantWeights: {
    type: 'map',
    default: {},
    describe: 'Tenants with another weight than 1, as { name: "2" }.',
  },
} as const;

export type SignalboxParameters = ParametersOf<typeof SIGNALBOX_PARAMETERS>;
