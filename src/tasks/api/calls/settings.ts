/** `POST /settings/get` and `/settings/set`: the run-time settings of the existing scheduler, kept for its clients. */

import { QUANTILES_SETTING } from '../../api-settings.ts';
import { ok, type TaskAnswer } from '../answer.ts';
import { readBody } from '../fields/body.ts';
import { anything, record, required, text } from '../fields/checks.ts';
import type { TaskApiParts, TaskCall } from '../parts.ts';

type Rule = (value: unknown) => string | undefined;

interface Setting {
  readonly value: unknown;
  /** What is wrong with a value, after the setting's name; `undefined` when nothing is. */
  readonly rule: Rule;
}

const isTruth: Rule = (value) => (typeof value === 'boolean' ? undefined : 'requires a boolean value');
const isTextOrNull: Rule = (value) =>
  value === null || typeof value === 'string' ? undefined : 'requires a string value or null';
const isCount: Rule = (value) =>
  Number.isInteger(value) && Number(value) >= 0 ? undefined : 'requires a whole number of at least 0';

const isQuantiles: Rule = (value) => {
  if (!Array.isArray(value)) return 'requires a list value';
  if (value.length === 0) return 'requires a list of at least one number';
  if (!value.every((each) => typeof each === 'number')) return 'requires a list of numbers';
  const levels = value as readonly number[];
  if (levels.some((level) => level < 0 || level > 1)) return 'requires quantiles between 0 and 1';
  const isRising = levels.every((level, index) => index === 0 || level > levels[index - 1]!);
  return isRising ? undefined : 'requires quantiles to be sorted in ascending order';
};

/** In the order in which the existing scheduler names them. Of these only the quantiles change anything here. */
const SETTINGS: Readonly<Record<string, Setting>> = {
  predictor_strategy_debug: { value: false, rule: isTruth },
  fake_data_enabled: { value: false, rule: isTruth },
  fake_data_path: { value: null, rule: isTextOrNull },
  async_scheduling_enabled: { value: false, rule: isTruth },
  async_max_queue_size: { value: 50_000, rule: isCount },
  async_retry_attempts: { value: 3, rule: isCount },
  async_retry_delay_ms: { value: 50, rule: isCount },
  async_num_workers: { value: 8, rule: isCount },
  async_batch_size: { value: 20, rule: isCount },
  use_lockfree: { value: true, rule: isTruth },
  [QUANTILES_SETTING]: { value: [0.25, 0.5, 0.75, 0.99], rule: isQuantiles },
};

const settingOf = (key: string): Setting | undefined =>
  Object.hasOwn(SETTINGS, key) ? SETTINGS[key] : undefined;

export async function getSetting({ settings }: TaskApiParts, { body }: TaskCall): Promise<TaskAnswer> {
  const { key } = readBody(body, record({ key: required(text(200)) }));
  const setting = settingOf(key);
  if (setting === undefined) {
    const message = `Configuration key '${key}' not found`;
    return ok({ status: 'success', message, key, value: null, exists: false });
  }
  const value = (await settings.get(key)) ?? setting.value;
  return ok({ status: 'success', message: 'OK', key, value, exists: true });
}

export async function setSetting({ settings }: TaskApiParts, { body }: TaskCall): Promise<TaskAnswer> {
  const { key, value } = readBody(body, record({ key: required(text(200)), value: required(anything) }));
  const setting = settingOf(key);
  const wrong =
    setting === undefined
      ? `Unknown configuration key '${key}'. Known keys: ${Object.keys(SETTINGS).join(', ')}`
      : setting.rule(value);
  if (wrong !== undefined) {
    const message = setting === undefined ? wrong : `${key} ${wrong}`;
    return ok({ status: 'error', message, key, value: null });
  }
  await settings.set(key, value);
  return ok({ status: 'success', message: `Configuration '${key}' set successfully`, key, value });
}
