/** Strategy and source of predictions: switched while tasks wait and run, stored, and the same again after a restart. */

import { type Random, SignalboxError } from '../domain/index.ts';
import type { Modes } from './create-task-service.ts';
import { isObject } from './instances/task-instance-client.ts';
import type { TaskPredictor } from './predictions/index.ts';
import type { TaskStore } from './store/task-store.ts';
import {
  type ConfiguredStrategy,
  createStrategy,
  isStrategyName,
  STRATEGY_NAMES,
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
  /** The configuration may name another strategy, which then replaces what was set through the API. */
  configure(): Promise<void>;
}

/** What was set through the API, and what the configuration said then: when it says something else, that holds. */
interface StoredChoice {
  readonly name: string;
  readonly configured: string;
}

export function createModes(parts: {
  readonly store: Pick<TaskStore, 'setting' | 'setSetting'>;
  readonly predictor: TaskPredictor;
  readonly random: Random;
  readonly configured: () => ConfiguredStrategy;
}): StoredModes {
  const { store, predictor, random, configured } = parts;
  let name = nameOf(configured());
  let strategy = made(name);

  function made(wanted: string): TaskStrategy {
    const own = configured();
    return typeof own !== 'string' && own.name === wanted ? own : createStrategy(wanted, random);
  }

  function take(next: string): void {
    const own = configured();
    const isAnother = typeof own !== 'string' && own.name === next && own !== strategy;
    if (next === name && !isAnother) return;
    name = next;
    strategy = made(next);
  }

  async function loadStrategy(): Promise<void> {
    const choice = choiceOf(await store.setting(STRATEGY_KEY));
    take(choice?.configured === nameOf(configured()) ? choice.name : nameOf(configured()));
  }

  return {
    current: () => strategy,
    strategy: () => name,
    strategies: () => strategyNames(configured()),
    async setStrategy(next) {
      const allowed = strategyNames(configured());
      if (!allowed.includes(next)) throw unknown('name', next, allowed);
      const choice: StoredChoice = { name: next, configured: nameOf(configured()) };
      await store.setSetting(STRATEGY_KEY, choice);
      take(next);
    },
    predictMode: () => predictor.mode,
    async setPredictMode(mode) {
      if (!PREDICT_MODES.includes(mode)) throw unknown('mode', mode, PREDICT_MODES);
      await store.setSetting(PREDICT_MODE_KEY, mode);
      predictor.mode = mode;
    },
    async load() {
      const storedMode = await store.setting(PREDICT_MODE_KEY);
      await loadStrategy();
      const mode = PREDICT_MODES.find((one) => one === storedMode);
      if (mode !== undefined) predictor.mode = mode;
    },
    async configure() {
      const choice = choiceOf(await store.setting(STRATEGY_KEY));
      // Forgotten, or it would come back once the configuration says again what it said then.
      if (choice !== undefined && choice.configured !== nameOf(configured()))
        await store.setSetting(STRATEGY_KEY, null);
      await loadStrategy();
    },
  };
}

function choiceOf(stored: unknown): StoredChoice | undefined {
  if (!isObject(stored)) return undefined;
  const { name, configured } = stored;
  const isChoice = typeof name === 'string' && typeof configured === 'string';
  // Somebody's own counts only while it is configured.
  return isChoice && (name === configured || isStrategyName(name)) ? { name, configured } : undefined;
}

export function nameOf(strategy: ConfiguredStrategy): string {
  return typeof strategy === 'string' ? strategy : strategy.name;
}

/** Those that can be set: the built-in ones, and somebody's own where the configuration names one. */
export function strategyNames(configured: ConfiguredStrategy): readonly string[] {
  return typeof configured === 'string' ? STRATEGY_NAMES : [configured.name, ...STRATEGY_NAMES];
}

function unknown(field: string, found: string, allowed: readonly string[]): SignalboxError {
  const message = `${field}: found ${JSON.stringify(found)}, allowed are ${allowed.join(', ')}`;
  return new SignalboxError('invalid_value', message, { param: field });
}
