/** The whole house with a task store in memory, in front of simulated engines; one for all tests of a file, since opening a store takes a second of computing. */

import { afterAll, beforeAll } from 'vitest';
import { type App, startApp } from '../../../src/cli/up/app.ts';
import { type RunningSimulatedEngine, startSimulatedEngine } from '../../../src/engines/simulated/index.ts';
import { storeTemplate } from '../../../src/tasks/store/__fixtures__/template.ts';
import { quietConfig } from '../../bad-input/support/house.ts';
import { MODEL } from '../../up/support/requests.ts';

export interface TaskHouse {
  readonly app: App;
  readonly dataUrl: string;
  readonly controlUrl: string;
  readonly engines: readonly RunningSimulatedEngine[];
}

export interface TaskHouseOptions {
  readonly engines?: number;
  /** Times faster than a real engine. */
  readonly speed?: number;
  readonly config?: object;
}

/** To be called once at the top of a test file; what it gives is there once the tests run. */
export function taskHouse({
  engines: count = 2,
  speed = 1000,
  config = {},
}: TaskHouseOptions = {}): () => TaskHouse {
  let house: TaskHouse | undefined;
  const engines: RunningSimulatedEngine[] = [];
  beforeAll(async () => {
    for (let index = 0; index < count; index += 1) engines.push(await startSimulatedEngine({ speed }));
    const instances = engines.map(({ url }, index) => ({
      id: `e${index}`,
      url,
      engine: 'vllm',
      models: [MODEL],
    }));
    const app = await startApp(quietConfig({ instances, tasks: { store: { memory: true } }, ...config }), {
      taskStoreTemplate: await storeTemplate(),
    });
    house = { app, dataUrl: app.dataUrl!, controlUrl: app.controlUrl, engines };
  }, 60_000);
  afterAll(async () => {
    await house?.app.close();
    for (const engine of engines) await engine.close();
  });
  return () => house!;
}
