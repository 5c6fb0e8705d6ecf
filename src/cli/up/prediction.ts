/** The predictor as the configuration says: its table read and watched, its service asked, and changed while running. */

import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../../config/index.ts';
import type { Clock } from '../../domain/index.ts';
import {
  type CachedTokens,
  createLatencyModel,
  createLearner,
  createPredictor,
  DEFAULT_PREDICTOR,
  type ExecutionTimes,
  ExternalTimes,
  type LatencyModel,
  type LookupTable,
  type OnlineModel,
  type Predictor,
  type ServiceNews,
} from '../../prediction/index.ts';
import {
  type LookupFile,
  type LookupFileNews,
  predictorService,
  watchLookupTable,
} from '../../predictors/index.ts';
import { StartError } from './start-error.ts';

type Settings = Config['prediction'];

export interface PredictionOptions {
  readonly clock: Clock;
  readonly cachedTokens: CachedTokens;
  /** The absolute path of a file that the configuration names. */
  readonly pathOf: (file: string) => string;
  readonly onTableNews: (news: LookupFileNews) => void;
  readonly onServiceNews: (news: ServiceNews & { readonly url: string }) => void;
}

/** How long whole requests take, as long as somebody says so: what the task queue asks. They change with the configuration. */
export interface TimeSources {
  /** The configuration's own choice: the service, or the table where that is chosen. */
  readonly configured: ExecutionTimes;
  /** The table, chosen or not. */
  readonly table: ExecutionTimes;
}

export class Prediction {
  /** The same over all changes: what it knows of loads and answers stays. */
  readonly predictor: Predictor;
  readonly #options: PredictionOptions;
  /** Learns whatever foretells. */
  readonly #learner: OnlineModel = createLearner();
  #file: LookupFile | undefined;
  #table: LookupTable | undefined;
  #service: ExternalTimes | undefined;
  readonly times: TimeSources = {
    configured: {
      of: (shape, place) =>
        this.#service?.of(shape, place) ??
        (this.#inUse?.predictor === DEFAULT_PREDICTOR ? undefined : this.#table?.of(shape, place)),
    },
    table: { of: (shape, place) => this.#table?.of(shape, place) },
  };
  #inUse: Settings | undefined;

  constructor(options: PredictionOptions) {
    this.#options = options;
    const { cachedTokens } = options;
    this.predictor = createPredictor(undefined, { cachedTokens, learner: this.#learner });
  }

  /**
   * Nothing happens where the same is in use.
   * @throws StartError when the table cannot be read; what was in use stays then
   */
  async use(settings: Settings): Promise<void> {
    if (this.#inUse !== undefined && isSame(this.#inUse, settings)) return;
    const { predictor, lookup } = settings;
    const path = lookup.file;
    let isOpen = false;
    const file =
      path === undefined
        ? undefined
        : await this.#open(path, (table) => {
            if (!isOpen) return;
            this.#table = table;
            this.predictor.use(predictor, this.#model(settings, table));
          });
    this.#file?.close();
    this.#file = file;
    this.#table = file?.table;
    this.predictor.use(predictor, this.#model(settings, file?.table));
    isOpen = true;
    this.#inUse = settings;
  }

  close(): void {
    this.#file?.close();
  }

  async #open(file: string, onTable: (table: LookupTable) => void): Promise<LookupFile> {
    const { pathOf, onTableNews } = this.#options;
    try {
      return await watchLookupTable(pathOf(file), { onTable, onNews: onTableNews });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new StartError(`prediction.lookup.file: ${reason}`, { cause });
    }
  }

  #model({ predictor: name, external }: Settings, lookupTable: LookupTable | undefined): LatencyModel {
    const { clock, onServiceNews } = this.#options;
    const learner = this.#learner;
    const table = { ...(lookupTable !== undefined && { lookupTable }) };
    this.#service = undefined;
    if (name === DEFAULT_PREDICTOR) return createLatencyModel({ name }, { learner });
    if (external.url === undefined || name !== 'external')
      return createLatencyModel({ name }, { learner, ...table });
    const {
      url,
      token,
      table: tableName,
      timeoutMs,
      maxConcurrency,
      refreshMs,
      maxAgeMs,
      maxAnswers,
    } = external;
    const { ask } = predictorService({
      url,
      timeoutMs,
      ...(token !== undefined && { token: token.reveal() }),
      ...(tableName !== undefined && { tableName }),
    });
    const limits = { timeoutMs, refreshMs, maxAgeMs, maxAnswers, maxAsking: maxConcurrency };
    this.#service = new ExternalTimes({ ...limits, ask, clock });
    return createLatencyModel(
      { name, parameters: limits },
      { learner, clock, ask, onServiceNews: (news) => onServiceNews({ ...news, url }), ...table },
    );
  }
}

/** Two secrets differ only by what they hide. */
function isSame(one: Settings, other: Settings): boolean {
  const laidOpen = (settings: Settings) => ({
    ...settings,
    external: { ...settings.external, token: settings.external.token?.reveal() },
  });
  return isDeepStrictEqual(laidOpen(one), laidOpen(other));
}
