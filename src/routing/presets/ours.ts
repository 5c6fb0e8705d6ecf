/** Signalbox's own presets, and those that belong to nobody. */

import { type Preset, preset, STANDARD_FILTERS } from './preset.ts';

const BY_LOAD = [{ name: 'load', weight: 1 }];
const TEXTBOOK = 'textbook';

export const OUR_PRESETS: readonly Preset[] = [
  preset({
    name: 'least-loaded',
    describe: 'The instance with the fewest requests per unit of weight.',
    source: TEXTBOOK,
    scorers: BY_LOAD,
  }),
  preset({
    name: 'power-of-two',
    describe: 'The less loaded of two drawn at random.',
    source: 'Mitzenmacher, TPDS 2001',
    scorers: BY_LOAD,
    picker: 'power-of-two',
  }),
  preset({
    name: 'random',
    describe: 'Any instance, each with the same chance.',
    source: TEXTBOOK,
    scorers: [],
    picker: 'random',
  }),
  preset({
    name: 'round-robin',
    describe: 'The instance that was served longest ago.',
    source: TEXTBOOK,
    scorers: [],
    picker: 'round-robin',
  }),
  preset({
    name: 'signalbox',
    describe: 'The least marginal cost: what the request takes itself, and what it takes from the others.',
    source: 'Signalbox',
    filters: [...STANDARD_FILTERS, 'context-length', 'kv-headroom'],
    scorers: [{ name: 'mc', weight: 1 }],
  }),
  preset({
    name: 'session',
    describe: 'Requests of one session stay together by consistent hashing; load decides for the rest.',
    source: 'Thaler and Ravishankar, IEEE/ACM ToN 1998',
    scorers: [
      { name: 'session', weight: 2 },
      { name: 'load', weight: 1 },
    ],
  }),
  preset({
    name: 'prefill-decode',
    describe: 'Long prompts to prefill instances, urgent requests and long answers to decode instances.',
    source: 'sageLLM, custom scheduling guide',
    differs: 'HIGH requests are urgent as well; where no instance fits, another one takes it.',
    filters: ['window', 'health', 'pd-role', 'not-failed'],
    scorers: [
      { name: 'role-fit', weight: 1 },
      { name: 'mc', weight: 1 },
    ],
  }),
];
