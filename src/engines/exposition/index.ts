/** Prometheus' text format, as far as reading engines needs it. */

export type { Labels } from './labels.ts';
export { createExpositionReader, type ExpositionReader, type Sample, type WantedSeries } from './reader.ts';
