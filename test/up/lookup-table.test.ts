/** A table of times beside `signalbox up`: it shows in decisions, is read again, and tells what is wrong with it. */

import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DecisionBody } from '../../src/admin/index.ts';
import { startApp } from '../../src/cli/up/app.ts';
import { eventually } from '../bad-input/support/eventually.ts';
import { quietConfig } from '../bad-input/support/house.ts';
import { openDirectory } from './support/files.ts';
import { type Fleet, openFleets } from './support/fleet.ts';
import { MODEL, streamOf } from './support/requests.ts';

const startFleet = openFleets();
const write = openDirectory();

const tableOf = (ms: number) =>
  `model_type,expect,quantiles,quantile_predictions\n${MODEL},${ms},[0.5],[${ms}]\n`;
const PREDICTION = { predictor: 'lookup', lookup: { file: 'times.csv' } } as const;

async function predictedMs(fleet: Fleet): Promise<number> {
  const response = await fleet.chat(streamOf(4));
  await response.text();
  const id = response.headers.get('x-signalbox-request-id')!;
  const { predictedTtftMs } = await fleet.admin<DecisionBody>(`/admin/decisions/${id}`);
  return predictedTtftMs!.mean;
}

describe('a table of times', () => {
  it('shows in the decisions, also after it has changed', async () => {
    const directory = dirname(await write('times.csv', tableOf(100_000)));
    const fleet = await startFleet({ directory, config: { prediction: PREDICTION } });
    const slow = await predictedMs(fleet);
    await write('times.csv', tableOf(50));
    await eventually(async () => expect(await predictedMs(fleet)).toBeLessThan(slow / 10));
    const page = await fleet.metrics();
    expect(page).toMatch(/signalbox_predictions_total\{predictor="lookup",source="told"\} [1-9]/);
    expect(page).toContain('signalbox_prediction_ttft_error_ratio{predictor="lookup"}');
  });

  it('can be taken up and laid down while requests run', async () => {
    const directory = dirname(await write('times.csv', tableOf(100_000)));
    const fleet = await startFleet({ directory });
    const learnt = await predictedMs(fleet);
    const { app } = fleet;
    await app.apply({ ...app.config, prediction: { ...app.config.prediction, ...PREDICTION } });
    expect(await predictedMs(fleet)).toBeGreaterThan(3 * learnt);
    await app.apply({ ...app.config, prediction: { ...app.config.prediction, predictor: 'online' } });
    expect(await predictedMs(fleet)).toBeLessThan(3 * learnt);
  });

  it('with a mistake prevents the start, and names the row and the field', async () => {
    const directory = dirname(await write('times.csv', 'model_type,expect\nm,soon\n'));
    await expect(startApp(quietConfig({ prediction: PREDICTION }), { directory })).rejects.toThrow(
      'prediction.lookup.file: times.csv, row 1: expect must be a number above 0, found "soon"',
    );
  });
});
