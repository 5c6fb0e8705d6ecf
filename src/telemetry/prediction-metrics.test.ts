import { describe, expect, it, onTestFinished } from 'vitest';
import { anInstance, aRequest } from '../../test/builders.ts';
import { createPredictor } from '../prediction/index.ts';
import { createTelemetry } from './telemetry.ts';

function watching() {
  const telemetry = createTelemetry({ version: '1.2.3' });
  onTestFinished(() => telemetry.stop());
  return telemetry;
}

/** The page's series of predictions, without the metrics' own lines. */
async function series(telemetry: ReturnType<typeof watching>): Promise<readonly string[]> {
  const page = await telemetry.metricsText();
  return page.split('\n').filter((line) => line.startsWith('signalbox_prediction_'));
}

const instance = anInstance('a');
const request = aRequest({ stream: true, promptTokens: 100 });

describe('the accuracy of predictions', () => {
  it('has no series while there is no predictor, or nothing to compare', async () => {
    const telemetry = watching();
    expect(await series(telemetry)).toEqual([]);
    telemetry.watchPredictor(createPredictor());
    expect(await series(telemetry)).toEqual([]);
  });

  it('is what the predictor says of itself', async () => {
    const telemetry = watching();
    const predictor = createPredictor();
    telemetry.watchPredictor(predictor);
    predictor.onRequestDispatched(request, instance, 0);
    predictor.onFirstToken(request, instance, 1e6, 1e6);
    const { ttftMape } = predictor.accuracy();
    expect(ttftMape).toBeGreaterThan(0.9);
    expect(await series(telemetry)).toEqual([
      `signalbox_prediction_ttft_error_ratio{predictor="online"} ${ttftMape}`,
      'signalbox_prediction_ttft_within_p80_ratio{predictor="online"} 0',
    ]);
  });

  it('is that of the predictor that is watched now', async () => {
    const telemetry = watching();
    const accuracy = () => ({ samples: 1, ttftMape: 0.1, tpotMape: 0.2, ttftWithinP80: 0.8 });
    telemetry.watchPredictor({ name: 'old', accuracy });
    await series(telemetry);
    telemetry.watchPredictor({ name: 'new', accuracy });
    expect(await series(telemetry)).toEqual([
      'signalbox_prediction_ttft_error_ratio{predictor="new"} 0.1',
      'signalbox_prediction_tpot_error_ratio{predictor="new"} 0.2',
      'signalbox_prediction_ttft_within_p80_ratio{predictor="new"} 0.8',
    ]);
  });
});

it('where a predictor has its times from elsewhere, how often it had them is counted', async () => {
  const telemetry = watching();
  const none = { samples: 0, ttftMape: Number.NaN, tpotMape: Number.NaN, ttftWithinP80: Number.NaN };
  telemetry.watchPredictor({
    name: 'external',
    accuracy: () => none,
    sources: () => ({ told: 7, stoodIn: 2 }),
  });
  const page = await telemetry.metricsText();
  expect(page).toContain('signalbox_predictions_total{predictor="external",source="told"} 7');
  expect(page).toContain('signalbox_predictions_total{predictor="external",source="stand-in"} 2');
});
