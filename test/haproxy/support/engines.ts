/** Simulated engines whose metrics pages say what a test wants. */

import { faultOf } from '../../../src/engines/serving/index.ts';
import { type RunningSimulatedEngine, startSimulatedEngine } from '../../../src/engines/simulated/index.ts';

export interface Gauges {
  readonly waiting: number;
  readonly kvCacheUsage: number;
}

/** So fast that the tests' time is HAProxy's. */
const SPEED = 1000;

export async function startEngine(gauges: Gauges): Promise<RunningSimulatedEngine> {
  const engine = await startSimulatedEngine({ model: 'm', speed: SPEED });
  showGauges(engine, gauges);
  return engine;
}

export function showGauges({ faults }: RunningSimulatedEngine, gauges: Gauges): void {
  faults.remove('lying-metrics');
  faults.add(faultOf({ kind: 'lying-metrics', ...gauges }));
}
