/** Which predictor foretells tasks: switched by name, at once. */

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { TaskClient } from '../../src/client/index.ts';
import { MODEL } from '../up/support/requests.ts';
import { taskHouse } from './support/house.ts';

const directory = mkdtempSync(join(tmpdir(), 'signalbox-tasks-'));
const file = join(directory, 'times.json');
const aRecord = (hardware: string, expect: number) => ({
  status: 'success',
  model_info: { type: MODEL, name: MODEL, hardware, software_name: 'vllm', software_version: '1' },
  quantiles: [0.25, 0.5, 0.75, 0.99],
  quantile_predictions: [expect - 10, expect, expect + 10, expect + 40],
  expect,
  error: 7,
});
writeFileSync(file, JSON.stringify([aRecord('A100', 1234), aRecord('H100', 321)]));
afterAll(() => rmSync(directory, { recursive: true }));

const house = taskHouse({ config: { tasks: { store: { memory: true } }, prediction: { lookup: { file } } } });

async function expectedMs(metadata: object): Promise<number | undefined> {
  const client = new TaskClient({ baseUrl: house().controlUrl });
  const id = randomUUID();
  await client.submit({
    id,
    model: MODEL,
    input: { messages: [{ role: 'user', content: 'x' }], max_tokens: 1 },
    metadata: { ...metadata },
    notBeforeMs: Date.now() + 3_600_000,
  });
  const { expectedMs: expected } = (await client.get(id))!;
  await client.cancel(id);
  return expected;
}

const switchTo = async (mode: string) =>
  fetch(`${house().controlUrl}/scheduler/predict_mode`, { method: 'POST', body: JSON.stringify({ mode }) });

const on = (hardware: string) => ({ hardware, software_name: 'vllm', software_version: '1' });

it('the table is asked in the mode lookup_table, by what the metadata says', async () => {
  await switchTo('lookup_table');
  expect(await expectedMs(on('A100'))).toBeCloseTo(1234);
  expect(await expectedMs(on('H100'))).toBeCloseTo(321);
});

it('what was given counts in either mode, and the table is not asked in the default one', async () => {
  await switchTo('lookup_table');
  expect(await expectedMs({ ...on('A100'), server_time_cost: 50 })).toBe(50);
  await switchTo('default');
  expect(await expectedMs({ ...on('A100'), server_time_cost: 60 })).toBe(60);
  expect(await expectedMs(on('A100'))).not.toBeCloseTo(1234);
});
