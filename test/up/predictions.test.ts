import { expect, it } from 'vitest';
import { eventually } from '../bad-input/support/eventually.ts';
import { openFleets } from './support/fleet.ts';
import { streamOf } from './support/requests.ts';

const startFleet = openFleets();

/** The value of a series that begins so, if the page has it. */
function seriesValue(page: string, series: string): number | undefined {
  const line = page.split('\n').find((text) => text.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length));
}

it('predictions are learnt from what engines do, and their accuracy is on the metrics page', async () => {
  const fleet = await startFleet();
  const ttft = 'signalbox_prediction_ttft_error_ratio{predictor="online"}';
  const tpot = 'signalbox_prediction_tpot_error_ratio{predictor="online"}';
  expect(seriesValue(await fleet.metrics(), ttft)).toBeUndefined();
  // Without the usage, tokens are counted.
  for (let i = 0; i < 5; i++) await (await fleet.chat(streamOf(8))).text();
  await eventually(async () => {
    const page = await fleet.metrics();
    expect(seriesValue(page, ttft)).toBeGreaterThanOrEqual(0);
    expect(seriesValue(page, tpot)).toBeGreaterThanOrEqual(0);
    expect(
      seriesValue(page, 'signalbox_prediction_ttft_within_p80_ratio{predictor="online"}'),
    ).toBeLessThanOrEqual(1);
  });
});
