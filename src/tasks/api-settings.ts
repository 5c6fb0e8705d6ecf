/** The API's own settings: stored, and those that change something here brought into force, at once and after a restart. */

import type { TaskStore } from './store/task-store.ts';
import { isQuantileLevels, type QueueLedger } from './strategies/index.ts';

/** At which levels queues are known as distributions. */
export const QUANTILES_SETTING = 'probabilistic_quantiles';

export interface ApiSettings {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<void>;
}

export interface LiveApiSettings extends ApiSettings {
  /** As stored, by this process or another one. */
  load(): Promise<void>;
}

const PREFIX = 'settings.';

export function createApiSettings(parts: {
  readonly store: Pick<TaskStore, 'setting' | 'setSetting'>;
  readonly ledger: Pick<QueueLedger, 'showAt'>;
}): LiveApiSettings {
  const { store, ledger } = parts;
  const get = (key: string): Promise<unknown> => store.setting(PREFIX + key);

  async function load(): Promise<void> {
    const levels = await get(QUANTILES_SETTING);
    ledger.showAt(isQuantileLevels(levels) ? levels : undefined);
  }

  return {
    get,
    load,
    async set(key, value) {
      await store.setSetting(PREFIX + key, value);
      if (key === QUANTILES_SETTING) await load();
    },
  };
}
