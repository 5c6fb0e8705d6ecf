import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { anInstance, aPredictor, aRequest } from '../../../test/builders.ts';
import { ManualClock } from '../../domain/index.ts';
import { BOUNDS, LOAD_PREDICTOR_NAMES, LoadMeter } from '../../scaling/index.ts';
import { controlRooms, failure } from '../__fixtures__/control-room.ts';
import type { ScalingSource } from '../options.ts';

const open = controlRooms();

/** So many requests of 1,000 + 200 tokens, dispatched within the first minute. */
function heardOf(requests: number): ScalingSource {
  const loads = new LoadMeter();
  const instance = anInstance('gpu-1');
  for (let i = 0; i < requests; i++) {
    const request = aRequest({ model: 'llama', promptTokens: 1000 });
    loads.onRequestDispatched(request, instance, 0);
    loads.onRequestCompleted(request, { latencyMs: 1, queueMs: 0, outputTokens: 200 }, instance, 0);
  }
  return { clock: new ManualClock(60_000 - 1), loads, predictor: aPredictor() };
}

interface Answer {
  readonly models: readonly {
    readonly model: string;
    readonly recommendedReplicas: number | null;
    readonly reason: string;
  }[];
}

async function room(requests = 6000) {
  const control = await open({ scaling: heardOf(requests) });
  control.addInstance({ id: 'gpu-1', gpuCount: 2 });
  return {
    control,
    ask: async (query = '') => (await control.call(`/admin/scaling${query}`)).json<Answer>().models,
  };
}

describe('/admin/scaling', () => {
  it('says of each model how many replicas it should have, and why', async () => {
    const { ask } = await room();
    const [advice] = await ask();
    expect(advice).toMatchObject({
      model: 'llama',
      replicas: 1,
      bound: 'load',
      waitingRequests: 0,
      load: { promptTokens: 1000, outputTokens: 200 },
      replica: { gpus: 2, canKeepTarget: true },
    });
    expect(advice!.recommendedReplicas).toBeGreaterThan(1);
    expect(advice!.reason).toMatch(/^100 requests a second of 1000 \+ 200 tokens are foretold/);
  });

  it('answers what would be, were more or less allowed', async () => {
    const { ask } = await room();
    expect(await ask('?maxReplicas=1')).toMatchObject([{ recommendedReplicas: 1, bound: 'max-replicas' }]);
    expect(await ask('?maxGpus=5')).toMatchObject([{ recommendedReplicas: 2, bound: 'gpu-budget' }]);
    expect(await ask('?minReplicas=99')).toMatchObject([{ recommendedReplicas: 99, bound: 'min-replicas' }]);
    const [lax, strict] = [await ask('?tpotTargetMs=100'), await ask('?tpotTargetMs=10.5')];
    expect(strict[0]!.recommendedReplicas).toBeGreaterThan(lax[0]!.recommendedReplicas!);
    expect(await ask('?tpotTargetMs=1')).toMatchObject([{ replica: { canKeepTarget: false } }]);
    const [calm, busy] = [await ask('?utilisation=0.1'), await ask('?utilisation=1')];
    expect(calm[0]!.recommendedReplicas).toBeGreaterThan(busy[0]!.recommendedReplicas!);
    expect(await ask('?predictor=moving-average')).toMatchObject([{ model: 'llama' }]);
  });

  it('tells of one model alone', async () => {
    const { ask, control } = await room();
    control.addInstance({ id: 'gpu-2', models: ['other'] });
    expect((await ask()).map(({ model }) => model)).toEqual(['llama', 'other']);
    expect((await ask('?model=other')).map(({ model }) => model)).toEqual(['other']);
  });

  it('advises the least where nothing was asked, and nothing where nobody serves what is asked', async () => {
    const control = await open({ scaling: heardOf(0) });
    control.addInstance({ id: 'gpu-1' });
    control.submit({ id: 'r', model: 'nobody' });
    expect((await control.call('/admin/scaling')).json<Answer>().models).toMatchObject([
      { model: 'llama', recommendedReplicas: 1, bound: 'min-replicas', replica: null, apart: null },
      { model: 'nobody', replicas: 0, recommendedReplicas: null, waitingRequests: 1 },
    ]);
  });

  it('leaves out instances that are about to go', async () => {
    const { control, ask } = await room();
    control.addInstance({ id: 'gpu-2' });
    control.scheduler.tellFleet({ type: 'instance-draining', instanceId: 'gpu-2', isDraining: true });
    expect(await ask()).toMatchObject([{ replicas: 1 }]);
  });

  it.each([
    ['tpotTargetMs=0', 'tpotTargetMs'],
    ['utilisation=1.5', 'utilisation'],
    ['predictor=prophet', 'predictor'],
    ['maxGpus=-1', 'maxGpus'],
    ['minReplicas=3&maxReplicas=2', 'maxReplicas'],
  ])('refuses %s', async (query, param) => {
    const { control } = await room();
    expect(await failure(control, `/admin/scaling?${query}`)).toMatchObject({
      status: 400,
      code: 'invalid_value',
      param,
    });
  });

  it('says so where nobody measures loads', async () => {
    expect(await failure(await open(), '/admin/scaling')).toMatchObject({ status: 404, code: 'not_found' });
  });
});

describe('docs/scaling.md', () => {
  const document = readFileSync(new URL('../../../docs/scaling.md', import.meta.url), 'utf8');
  const cells = [...document.matchAll(/^\| (`[^|]+`) \|/gm)].map(([, cell]) => cell!);

  it('lists every parameter and no other', async () => {
    const { paths } = (await (await open()).call('/openapi.json')).json<Description>();
    const parameters = paths['/admin/scaling']!.get.parameters.map((parameter) => parameter.name);
    const listed = cells.flatMap((cell) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, listedName]) => listedName),
    );
    expect(listed.toSorted()).toEqual(parameters.toSorted());
  });

  it('names every bound and every predictor', () => {
    for (const word of [...BOUNDS, ...LOAD_PREDICTOR_NAMES]) expect(document).toContain(`\`${word}\``);
  });
});

interface Description {
  readonly paths: Readonly<
    Record<string, { readonly get: { readonly parameters: readonly { readonly name: string }[] } }>
  >;
}
