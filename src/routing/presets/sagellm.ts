/** The router strategies of sageLLM under their own names (`random` is the same as ours). */

import { type Preset, preset } from './preset.ts';

const BY_LOAD = { name: 'load', weight: 1 };

export const SAGELLM_PRESETS: readonly Preset[] = [
  preset({
    name: 'load_balanced',
    describe: 'The least loaded instance.',
    source: 'sageLLM router',
    differs: 'Load is of requests in flight per unit of weight; chance decides among equals, not the order.',
    scorers: [BY_LOAD],
  }),
  preset({
    name: 'round_robin',
    describe: 'Each instance in its turn, by counting choices.',
    source: 'sageLLM router',
    scorers: [],
    picker: 'turns',
  }),
  preset({
    name: 'affinity',
    describe: "The instance of the session's, or the user's, latest request; a new one goes by load.",
    source: 'sageLLM router',
    differs:
      'Sessions come before users; a full instance is passed over, and what comes after is remembered.',
    scorers: [{ name: 'last-instance', weight: 2 }, BY_LOAD],
  }),
  preset({
    name: 'locality',
    describe: 'Model and user hashed to a place among the instances.',
    source: 'sageLLM router',
    scorers: [{ name: 'locality', weight: 1 }],
  }),
  preset({
    name: 'topology_aware',
    describe:
      'The least loaded of the NVLink peers, or else of the machine, of the preferred or last instance.',
    source: 'sageLLM router',
    differs: 'The preferred instance is one of its own group, so that a session need not move each time.',
    scorers: [{ name: 'topology_aware', weight: 2 }, BY_LOAD],
  }),
];
