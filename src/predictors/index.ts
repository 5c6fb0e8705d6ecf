/** Times from outside: tables in files, and services over HTTP. */

export {
  type LookupFile,
  type LookupFileNews,
  type LookupFileOptions,
  readLookupTable,
  watchLookupTable,
} from './lookup-file.ts';
export {
  type PredictorService,
  type PredictorServiceOptions,
  predictorService,
} from './predictor-service.ts';
