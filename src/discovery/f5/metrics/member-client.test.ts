import { afterEach, describe, expect, it } from 'vitest';
import { type FakeEngine, startFakeEngine, vllmPage } from '../../../../test/f5/fake-engine.ts';
import { parseSchedulerFile } from '../config/parse-scheduler-file.ts';
import { createMemberClient, type MemberClient } from './member-client.ts';

const NEW = { workingKeys: {}, detectedVariant: null };
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

async function engine(page: string | number): Promise<FakeEngine> {
  const one = await startFakeEngine(page);
  open.push(one);
  return one;
}

async function client(metrics: object, fields: object = {}): Promise<MemberClient> {
  const text = JSON.stringify({
    f5: { host: 'h' },
    pools: [{ name: 'p', engine_type: 'vllm', metrics, ...fields }],
  });
  const { file } = parseSchedulerFile(text, { PW: 'pw' });
  const one = await createMemberClient(file.pools[0]!, file.metricKeys);
  open.push(one);
  return one;
}

describe('asking a member for its figures', () => {
  it('reads its page', async () => {
    const { port } = await engine(vllmPage(2, 0.5, 7));
    const found = await (await client({})).figures({ ip: '127.0.0.1', port }, NEW);
    expect(found).toMatchObject({
      type: 'metrics',
      metrics: { waiting_queue: 2, cache_usage: 0.5, running_req: 7 },
    });
  });

  it('asks another port and path where the file says so, and past the route domain', async () => {
    const { port, asked } = await engine(vllmPage(0, 0));
    await (await client({ port, path: 'custom' })).figures({ ip: '127.0.0.1%3', port: 1 }, NEW);
    expect(asked).toEqual([{ path: '/custom', authorization: undefined }]);
  });

  it.each([
    [{ APIkey: 'k', metric_user: 'u', metric_pwd_env: 'PW' }, 'Bearer k'],
    [{ metric_user: 'u', metric_pwd_env: 'PW' }, `Basic ${Buffer.from('u:pw').toString('base64')}`],
    [{ metric_user: 'u' }, undefined],
  ])('says who asks with %j', async (metrics, expected) => {
    const { port, asked } = await engine(vllmPage(0, 0));
    await (await client(metrics)).figures({ ip: '127.0.0.1', port }, NEW);
    expect(asked[0]?.authorization).toBe(expected);
  });

  it('tells an error from a port that is closed', async () => {
    const failing = await engine(500);
    const asking = await client({});
    const place = { ip: '127.0.0.1', port: failing.port };
    expect(await asking.figures(place, NEW)).toEqual({
      type: 'failure',
      isUnreachable: false,
      message: `GET http://${failing.name}/metrics: answered 500`,
    });
    await failing.close();
    expect(await asking.figures(place, NEW)).toMatchObject({ type: 'failure', isUnreachable: true });
    const elsewhere = await client({ port: failing.port });
    expect(await elsewhere.figures({ ip: '127.0.0.1', port: 1 }, NEW)).toMatchObject({
      isUnreachable: false,
    });
  });

  it('reads the models of an XInference cluster, and says what it cannot read', async () => {
    const data = { model_metrics: [{ model_id: 'a', throughput_utilization: 0.5 }] };
    const cluster = await engine(JSON.stringify({ code: 200, data }));
    const asking = await client({}, { engine_type: 'xinference' });
    const place = { ip: '127.0.0.1', port: cluster.port };
    expect(await asking.figures(place, NEW)).toEqual({ type: 'models', utilisation: new Map([['a', 0.5]]) });
    cluster.page = '{}';
    expect(await asking.figures(place, NEW)).toMatchObject({
      type: 'failure',
      message: `GET http://${cluster.name}/metrics: the answer says code undefined`,
    });
  });

  it('asks for keys only where the file says so', async () => {
    const data = { authorization_records: [{ api_key: 'k', model_ids: ['a'] }] };
    const cluster = await engine(JSON.stringify({ code: 200, data }));
    const place = { ip: '127.0.0.1', port: cluster.port };
    const without = await client({}, { engine_type: 'xinference' });
    expect(await without.keys(place)).toEqual({ ok: false, message: 'the pool has no model_APIkey section' });
    const withKeys = await client(
      {},
      { engine_type: 'xinference', model_APIkey: { f5datagroup: 'g', APIkey: 'hush' } },
    );
    expect(await withKeys.keys(place)).toEqual({ ok: true, keys: new Map([['a', ['k']]]) });
    expect(cluster.asked).toEqual([{ path: '/v1/cluster/authorizations', authorization: 'Bearer hush' }]);
    cluster.page = 403;
    expect(await withKeys.keys(place)).toMatchObject({
      ok: false,
      message: expect.stringContaining('answered 403'),
    });
  });
});
