/** The predictor in use must have what it needs. */

import type { PredictionConfig } from './config.ts';
import type { Resolution } from './resolution.ts';
import type { ConfigFile } from './schema/config-file.ts';

export function resolvePrediction({ prediction }: ConfigFile, resolution: Resolution): PredictionConfig {
  const { predictor, lookup, external } = prediction;
  const { url, table, timeoutMs, refreshMs, maxAgeMs, maxConcurrency, maxAnswers } = external;
  if (predictor === 'lookup' && lookup.file === undefined) {
    missing(['prediction', 'lookup', 'file'], 'a path that ends with .json or .csv');
  }
  if (predictor === 'external' && url === undefined) {
    missing(['prediction', 'external', 'url'], 'the http:// or https:// address of a predictor service');
  }
  const token = resolution.secret(external, 'token', ['prediction', 'external']);
  return {
    predictor,
    lookup: { ...(lookup.file !== undefined && { file: lookup.file }) },
    external: {
      timeoutMs,
      refreshMs,
      maxAgeMs,
      maxConcurrency,
      maxAnswers,
      ...(url !== undefined && { url }),
      ...(table !== undefined && { table }),
      ...(token !== undefined && { token }),
    },
  };

  function missing(path: readonly string[], allowed: string): void {
    const message = `${path.join('.')} is missing, and prediction.predictor is ${predictor}`;
    resolution.mistake({ path: ['prediction', 'predictor'], message, found: 'nothing', allowed });
  }
}
