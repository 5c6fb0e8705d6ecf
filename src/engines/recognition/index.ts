/** Finding out what is behind an address. */

export {
  type RecognisedEngine,
  type RecogniseOptions,
  type Recognition,
  recogniseEngine,
  type UnrecognisedEngine,
} from './recognise.ts';
