/** Strategy and source of predictions: switched while tasks wait and run, stored, and the same again after a restart. */

import { type Random, SignalboxError } from '../domain/index.ts';
import type { Modes } from './create-task-service.ts';
import type { TaskPredictor } from './predictions/index.ts';
import type { TaskStore } from './store/task-store.ts';
import {
  createStrategy,
  isStrategyName,
  STRATEGY_NAMES,
  type StrategyName,
  type TaskStrategy,
} from './strategies/index.ts';
import type { PredictMode } from './task-service.ts';

const STRATEGY_KEY = 'scheduler.strategy';
const PREDICT_MODE_KEY = 'scheduler.predict_mode';
export const PREDICT_MODES: readonly PredictMode[] = ['default', 'lookup_table'];

export interface StoredModes extends Modes {
  readonly current: () => TaskStrategy;
  /** As stored, by this process or another one. */
  load(): Promise<void>;
}

export function createModes(parts: {
  readonly store: Pick<TaskStore, 'setting' | 'setSetting'>;
  readonly predictor: TaskPredictor;
  readonly random: Random;
  readonly initial: StrategyName;
}): StoredModes {
  const { store, predictor, random } = parts;
  let name = parts.initial;
  let strategy = createStrategy(name, random);

  function take(next: StrategyName): void {
    if (next === name) return;
    name = next;
    strategy = createStrategy(next, random);
  }

  return {
    current: () => strategy,
    strategy: () => name,
    async setStrategy(next) {
      if (!isStrategyName(next)) throw unknown('name', next, STRATEGY_NAMES);
      await store.setSetting(STRATEGY_KEY, next);
      take(next);
    },
    predictMode: () => predictor.mode,
    async setPredictMode(mode) {
      if (!PREDICT_MODES.includes(mode)) throw unknown('mode', mode, PREDICT_MODES);
      await store.setSetting(PREDICT_MODE_KEY, mode);
      predictor.mode = mode;
    },
    async load() {
      const [storedName, storedMode] = await Promise.all([
        store.setting(STRATEGY_KEY),
        store.setting(PREDICT_MODE_KEY),
      ]);
      if (typeof storedName === 'string' && isStrategyName(storedName)) take(storedName);
      const mode = PREDICT_MODES.find((one) => one === storedMode);
      if (mode !== undefined) predictor.mode = mode;
    },
  };
}

function unknown(field: string, found: string, allowed: readonly string[]): SignalboxError {
  const message = `${field}: found ${JSON.stringify(found)}, allowed are ${allowed.join(', ')}`;
  return new SignalboxError('invalid_value', message, { param: field });
}
