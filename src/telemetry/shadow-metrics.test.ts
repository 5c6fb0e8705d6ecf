import { describe, expect, it } from 'vitest';
import type { ShadowReport, WhenCounts, WhereCounts } from '../scheduler/index.ts';
import { aScheduler, aStatus } from './__fixtures__/builders.ts';
import { createTelemetry } from './telemetry.ts';

const NO_DIFFERENCE = { samples: 0, mean: 0, lowerShare: 0 };

const where = (decisions: number, disagreements: number, more: Partial<WhereCounts> = {}): WhereCounts => ({
  decisions,
  disagreements,
  disagreementShare: disagreements / decisions,
  equalScores: 0,
  wouldWait: 0,
  load: NO_DIFFERENCE,
  ...more,
});

const when = (decisions: number, disagreements: number): WhenCounts => ({
  decisions,
  disagreements,
  disagreementShare: disagreements / decisions,
  withChoice: decisions,
  waitedMs: NO_DIFFERENCE,
});

const aReport = (models: ShadowReport['models']): ShadowReport => ({
  profile: 'least-loaded',
  sinceMs: 0,
  models,
  disagreements: [],
});

/** The lines about shadows on the page of a fleet that serves `llama`. */
async function linesOf(...reports: readonly (ShadowReport | undefined)[]): Promise<readonly string[]> {
  const telemetry = createTelemetry({ version: '1.2.3' });
  let lines: readonly string[] = [];
  for (const shadow of reports) {
    telemetry.watch(aScheduler({ statuses: [aStatus('gpu-1')], ...(shadow !== undefined && { shadow }) }));
    const page = await telemetry.metricsText();
    lines = page.split('\n').filter((line) => line.startsWith('signalbox_shadow'));
  }
  telemetry.stop();
  return lines;
}

describe('the metrics of a shadow', () => {
  it('count agreement and disagreement by model, for each thing that is compared', async () => {
    expect(await linesOf(aReport([{ model: 'llama', where: where(10, 3), when: when(10, 1) }]))).toEqual([
      'signalbox_shadow_info{profile="least-loaded",policy=""} 1',
      'signalbox_shadow_decisions_total{model="llama",about="where",agrees="true"} 7',
      'signalbox_shadow_decisions_total{model="llama",about="where",agrees="false"} 3',
      'signalbox_shadow_decisions_total{model="llama",about="when",agrees="true"} 9',
      'signalbox_shadow_decisions_total{model="llama",about="when",agrees="false"} 1',
    ]);
  });

  it('add up models that share a label', async () => {
    const models = ['gone-1', 'gone-2'].map((model) => ({ model, where: where(10, 3) }));
    expect(await linesOf(aReport(models))).toContain(
      'signalbox_shadow_decisions_total{model="unknown",about="where",agrees="false"} 6',
    );
  });

  it('give the predicted difference in seconds', async () => {
    const predictedTtftMs = { samples: 3, mean: -250, lowerShare: 1 };
    expect(await linesOf(aReport([{ model: 'llama', where: where(10, 3, { predictedTtftMs }) }]))).toContain(
      'signalbox_shadow_predicted_ttft_difference_seconds{model="llama"} -0.25',
    );
  });

  it('give no predicted difference for models that share a label', async () => {
    const predictedTtftMs = { samples: 3, mean: -250, lowerShare: 1 };
    const models = ['gone-1', 'gone-2'].map((model) => ({ model, where: where(10, 3, { predictedTtftMs }) }));
    expect((await linesOf(aReport(models))).join()).not.toContain('difference');
  });

  it('are read anew for each page, and gone with the shadow', async () => {
    const report = aReport([{ model: 'llama', where: where(10, 3) }]);
    expect(await linesOf(report, report)).toContain(
      'signalbox_shadow_decisions_total{model="llama",about="where",agrees="false"} 3',
    );
    expect(await linesOf(report, undefined)).toEqual([]);
  });
});
