import { connect } from 'node:net';
import { createRoute, z } from '@hono/zod-openapi';
import { afterEach, describe, expect, it } from 'vitest';
import { SignalboxError } from '../domain/index.ts';
import { aRecord } from '../telemetry/__fixtures__/builders.ts';
import { readMetricsPage } from '../telemetry/__fixtures__/metrics-page.ts';
import { type ControlRoom, openControlRoom } from './__fixtures__/control-room.ts';
import { createAdmin } from './admin.ts';
import type { AdminOptions, MountableRoutes } from './options.ts';
import type { Decision, DecisionList, ErrorBody, Instance, InstanceList, Queue } from './schemas.ts';

const rooms: ControlRoom[] = [];

async function open(options: Partial<AdminOptions> = {}): Promise<ControlRoom> {
  const room = await openControlRoom(options);
  rooms.push(room);
  return room;
}

afterEach(async () => {
  await Promise.all(rooms.splice(0).map((room) => room.close()));
});

type ErrorView = z.infer<typeof ErrorBody>['error'];

/** What a failed call said, with its status. */
async function failure(room: ControlRoom, path: string, init?: RequestInit) {
  const answer = await room.call(path, init);
  return { status: answer.status, headers: answer.headers, ...answer.json<{ error: ErrorView }>().error };
}

const POST = { method: 'POST' };

describe('/health and /ready', () => {
  it('says that the process lives, whatever the fleet does', async () => {
    const room = await open();
    const answer = await room.call('/health');
    expect([answer.status, answer.json()]).toEqual([200, { status: 'ok' }]);
  });

  it('is ready with the first ready instance', async () => {
    const room = await open();
    expect(await failure(room, '/ready')).toMatchObject({ status: 503, code: 'no_instance_available' });
    room.addInstance({ id: 'gpu-1' });
    const answer = await room.call('/ready');
    expect([answer.status, answer.json()]).toEqual([200, { isReady: true, readyInstances: 1, instances: 1 }]);
  });

  it('names the states of a fleet of which nothing is ready', async () => {
    const room = await open();
    room.addInstance({ id: 'gpu-1' });
    await room.call('/admin/instances/gpu-1/drain', POST);
    expect((await failure(room, '/ready')).message).toBe('None of 1 instances is ready (draining).');
  });

  it('is not ready while shutting down', async () => {
    const room = await open({ isAccepting: () => false });
    room.addInstance({ id: 'gpu-1' });
    expect(await failure(room, '/ready')).toMatchObject({ status: 503, code: 'shutting_down' });
  });
});

describe('/metrics', () => {
  it('is the page that Prometheus reads', async () => {
    const room = await open();
    room.addInstance({ id: 'gpu-1' });
    room.submit({ id: 'r1' });
    const answer = await room.call('/metrics');
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const page = readMetricsPage(answer.text);
    expect(page.value('signalbox_decisions_total', { model: 'llama', instance_id: 'gpu-1' })).toBe(1);
    expect(page.value('signalbox_requests_running', { model: 'llama' })).toBe(1);
  });
});

describe('/admin/instances', () => {
  it('shows each instance with its load and what its engine said', async () => {
    const room = await open({ fleetDescription: '1 engine' });
    room.addInstance({ id: 'gpu-1', engine: 'vllm', gpuType: 'H100', usdPerHour: 2.5, maxConcurrency: 4 });
    room.submit({ id: 'r1', promptTokens: 100 });
    const report = { instanceId: 'gpu-1', atMs: room.clock.now(), waitingRequests: 1, kvCacheUsage: 0.5 };
    room.scheduler.tellFleet({ type: 'instance-reported', report });
    room.clock.advance(250);
    const { fleet, instances } = (await room.call('/admin/instances')).json<z.infer<typeof InstanceList>>();
    expect(fleet).toBe('1 engine');
    expect(instances).toHaveLength(1);
    expect(instances[0]).toMatchObject({
      id: 'gpu-1',
      engine: 'vllm',
      gpuType: 'H100',
      state: 'ready',
      inFlightRequests: 1,
      maxConcurrency: 4,
      pendingPrefillTokens: 100,
      maxPrefillTokens: null,
      report: { atMs: report.atMs, ageMs: 250, isStale: false, waitingRequests: 1, kvCacheUsage: 0.5 },
      lastErrors: [],
    });
  });

  it('shows that a report is stale, and that there is none', async () => {
    const room = await open();
    for (const id of ['told', 'silent']) room.addInstance({ id });
    const report = { instanceId: 'told', atMs: room.clock.now() };
    room.scheduler.tellFleet({ type: 'instance-reported', report });
    room.clock.advance(60_000);
    const { instances } = (await room.call('/admin/instances')).json<z.infer<typeof InstanceList>>();
    expect(instances.map((one) => one.report)).toEqual([
      { atMs: report.atMs, ageMs: 60_000, isStale: true },
      null,
    ]);
  });

  it('shows what went wrong on an instance lately', async () => {
    const room = await open();
    room.addInstance({ id: 'gpu-1' });
    room.telemetry.observer.onRetry('llama', 'gpu-1', 'upstream_timeout');
    const one = (await room.call('/admin/instances/gpu-1')).json<z.infer<typeof Instance>>();
    expect(one.lastErrors).toEqual([
      { atMs: room.clock.now(), code: 'upstream_timeout', model: 'llama', isRetried: true },
    ]);
  });

  it('filters by model or adapter and by state', async () => {
    const room = await open();
    room.addInstance({ id: 'a', models: ['llama'] });
    room.addInstance({ id: 'b', models: ['qwen'], adapters: ['sql'] });
    room.scheduler.tellFleet({ type: 'instance-draining', instanceId: 'a', isDraining: true });
    const ids = async (query: string) =>
      (await room.call(`/admin/instances?${query}`))
        .json<z.infer<typeof InstanceList>>()
        .instances.map(({ id }) => id);
    expect(await ids('model=llama')).toEqual(['a']);
    expect(await ids('model=sql')).toEqual(['b']);
    expect(await ids('state=ready')).toEqual(['b']);
    expect(await ids('state=gone')).toEqual([]);
  });

  it('does not show the password in an address', async () => {
    const room = await open();
    room.addInstance({ id: 'gpu-1', url: 'http://me:hush@gpu-1.test:8000' });
    expect((await room.call('/admin/instances')).text).not.toContain('hush');
  });

  it('drains an instance and takes it back', async () => {
    const room = await open();
    room.addInstance({ id: 'gpu-1' });
    const drained = await room.call('/admin/instances/gpu-1/drain', POST);
    expect([drained.status, drained.json<z.infer<typeof Instance>>().state]).toEqual([200, 'draining']);
    room.submit({ id: 'r1' });
    expect(room.scheduler.queue().waitingRequests).toBe(1);
    const back = await room.call('/admin/instances/gpu-1/undrain', POST);
    expect(back.json<z.infer<typeof Instance>>().state).toBe('ready');
    expect(room.scheduler.queue()).toMatchObject({ waitingRequests: 0, inFlightRequests: 1 });
  });

  it('finds an instance whose id needs escaping', async () => {
    const room = await open();
    room.addInstance({ id: 'rack 1/gpu ü' });
    const path = `/admin/instances/${encodeURIComponent('rack 1/gpu ü')}`;
    expect((await room.call(path)).json<z.infer<typeof Instance>>().id).toBe('rack 1/gpu ü');
    expect((await room.call(`${path}/drain`, POST)).status).toBe(200);
  });

  it('says which instances there are when one is not', async () => {
    const room = await open();
    const ofEmpty = await failure(room, '/admin/instances/gpu-9/drain', POST);
    expect(ofEmpty.message).toBe('There is no instance "gpu-9"; the fleet is empty.');
    room.addInstance({ id: 'gpu-1' });
    expect(await failure(room, '/admin/instances/gpu-9')).toMatchObject({
      status: 404,
      code: 'not_found',
      param: 'id',
      message: 'There is no instance "gpu-9"; there are gpu-1.',
    });
  });
});

describe('/admin/queue', () => {
  it('shows what waits by model and class', async () => {
    const room = await open();
    room.addInstance({ id: 'gpu-1', maxConcurrency: 1 });
    room.submit({ id: 'r1' });
    room.submit({ id: 'r2', priority: 'HIGH', promptTokens: 50 });
    room.clock.advance(500);
    const queue = (await room.call('/admin/queue')).json<z.infer<typeof Queue>>();
    expect(queue).toMatchObject({
      waitingRequests: 1,
      inFlightRequests: 1,
      inFlightByModel: { llama: 1 },
      lanes: [{ model: 'llama', waitingRequests: 1, oldestWaitMs: 500 }],
    });
    expect(queue.lanes[0]?.waitingByPriority).toMatchObject({ HIGH: 1, NORMAL: 0 });
  });
});

describe('/admin/decisions', () => {
  const list = async (room: ControlRoom, query = '') =>
    (await room.call(`/admin/decisions${query}`)).json<z.infer<typeof DecisionList>>().decisions;

  it('lists the newest first, with how each request ended', async () => {
    const room = await open();
    room.addInstance({ id: 'gpu-1' });
    for (const id of ['r1', 'r2']) room.submit({ id });
    room.telemetry.observer.onRequestEnd(aRecord({ requestId: 'r1', ttftMs: 80 }));
    const decisions = await list(room);
    expect(decisions.map(({ requestId }) => requestId)).toEqual(['r2', 'r1']);
    expect(decisions[0]?.outcome).toBeNull();
    expect(decisions[1]?.outcome).toMatchObject({ outcome: 'completed', status: 200, ttftMs: 80 });
  });

  it('lists only what is asked for', async () => {
    const room = await open();
    room.addInstance({ id: 'a', models: ['llama'] });
    room.addInstance({ id: 'b', models: ['qwen'] });
    room.submit({ id: 'r1', model: 'llama' });
    room.submit({ id: 'r2', model: 'qwen' });
    room.submit({ id: 'r3', model: 'llama' });
    const requests = async (query: string) => (await list(room, query)).map(({ requestId }) => requestId);
    expect(await requests('?limit=1')).toEqual(['r3']);
    expect(await requests('?model=llama')).toEqual(['r3', 'r1']);
    expect(await requests('?instance=b')).toEqual(['r2']);
    expect(await requests('?request=r1')).toEqual(['r1']);
    expect(await requests('?model=llama&instance=b')).toEqual([]);
  });

  it('explains one in full, by its id and by its request', async () => {
    const room = await open();
    room.addInstance({ id: 'gpu-1' });
    room.addInstance({ id: 'gpu-2', models: ['qwen'] });
    room.submit({ id: 'r1' });
    const byRequest = (await room.call('/admin/decisions/r1')).json<z.infer<typeof Decision>>();
    const byId = (await room.call(`/admin/decisions/${encodeURIComponent(byRequest.id)}`)).json();
    expect(byId).toEqual(byRequest);
    expect(byRequest).toMatchObject({ requestId: 'r1', instanceId: 'gpu-1', outcome: null, policy: 'fifo' });
    expect(byRequest.candidates[0]?.instanceId).toBe('gpu-1');
    expect(byRequest.explanation).toContain('Request r1 for llama waited 0 ms and was sent to gpu-1');
    expect(byRequest.explanation).toContain(byRequest.reason);
  });

  it.each([
    ['limit=abc', 'limit', 'limit: found "abc", allowed is a whole number from 1 to 1000.'],
    ['limit=0', 'limit', 'limit: found "0", allowed is a whole number from 1 to 1000.'],
    ['limit=1001', 'limit', 'limit: found "1001", allowed is a whole number from 1 to 1000.'],
    ['limit=1.5', 'limit', 'limit: found "1.5", allowed is a whole number from 1 to 1000.'],
    ['limit=1&limit=2', 'limit', 'limit: found ["1","2"], allowed is a whole number from 1 to 1000.'],
    ['limit=', 'limit', 'limit: found "", allowed is a whole number from 1 to 1000.'],
    ['model=', 'model', 'model: found "", allowed is a text of 1 to 256 characters.'],
    ['limt=3', 'limt', 'limt: unknown, allowed is one of limit, model, instance, request.'],
  ])('refuses ?%s', async (query, param, message) => {
    const room = await open();
    expect(await failure(room, `/admin/decisions?${query}`)).toMatchObject({ status: 400, param, message });
  });

  it('refuses an id that is too long, and one that it does not know', async () => {
    const room = await open();
    const tooLong = await failure(room, `/admin/decisions/${'x'.repeat(300)}`);
    expect(tooLong).toMatchObject({ status: 400, code: 'invalid_value', param: 'id' });
    expect(tooLong.message).toContain('allowed is a text of 1 to 256 characters');
    expect(await failure(room, '/admin/decisions/nobody')).toMatchObject({
      status: 404,
      code: 'not_found',
      message: 'No decision or request "nobody" is remembered; only the last decisions are kept.',
    });
  });
});

describe('configuration', () => {
  it('is shown without its secrets', async () => {
    const room = await open({
      config: () => ({ policy: 'fifo', auth: { keys: [{ name: 'alice', sha256: 'hush' }] }, token: 'hush' }),
    });
    const answer = await room.call('/admin/config');
    expect(answer.text).not.toContain('hush');
    expect(answer.json()).toMatchObject({ policy: 'fifo', auth: { keys: [{ name: 'alice' }] } });
  });

  it('is loaded anew', async () => {
    let loads = 0;
    const reload = async () => {
      loads += 1;
      return { isApplied: true, problems: [] };
    };
    const room = await open({ reload });
    expect((await room.call('/admin/reload', POST)).json()).toEqual({ isApplied: true });
    expect(loads).toBe(1);
  });

  it('stays as it was when the new one is faulty, and says why', async () => {
    const problems = ['line 3: policy: found "fofo", allowed is fifo, priority'];
    const room = await open({ reload: async () => ({ isApplied: false, problems }) });
    expect(await failure(room, '/admin/reload', POST)).toMatchObject({
      status: 409,
      code: 'conflict',
      message: `The configuration was refused, the old one stays: ${problems[0]}`,
    });
  });

  it('says so where there is none', async () => {
    const room = await open();
    expect((await failure(room, '/admin/reload', POST)).status).toBe(409);
    expect((await failure(room, '/admin/config')).status).toBe(404);
    expect((await failure(room, '/admin/log-level')).status).toBe(404);
  });
});

describe('the log level', () => {
  const put = (body: string, type = 'application/json'): RequestInit => ({
    method: 'PUT',
    body,
    headers: { 'content-type': type },
  });

  async function openWithLevel() {
    let level: ReturnType<NonNullable<AdminOptions['logLevel']>['level']> = 'info';
    const setLevel = (to: typeof level) => {
      level = to;
    };
    return open({ logLevel: { level: () => level, setLevel }, onInternalError: console.error });
  }

  it('is changed while running', async () => {
    const room = await openWithLevel();
    expect((await room.call('/admin/log-level', put('{"level":"debug"}'))).json()).toEqual({
      level: 'debug',
    });
    expect((await room.call('/admin/log-level')).json()).toEqual({ level: 'debug' });
  });

  it.each([
    [
      '{"level":"loud"}',
      400,
      'level: found "loud", allowed is one of trace, debug, info, warn, error, fatal, silent.',
    ],
    ['{}', 400, 'level: found nothing, allowed is one of trace, debug, info, warn, error, fatal, silent.'],
    ['[]', 400, 'the request: found [], allowed is an object with the field level.'],
    ['{"level"', 400, 'The request body: Malformed JSON in request body'],
    [`{"level":"${'x'.repeat(2000)}"}`, 413, 'The request body is too large.'],
  ])('refuses %.20s', async (body, status, message) => {
    const room = await openWithLevel();
    expect(await failure(room, '/admin/log-level', put(body))).toMatchObject({ status, message });
    expect((await room.call('/admin/log-level')).json()).toEqual({ level: 'info' });
  });

  it('refuses a body that is no JSON', async () => {
    const room = await openWithLevel();
    const error = await failure(room, '/admin/log-level', put('level=debug', 'text/plain'));
    expect(error).toMatchObject({ status: 415, code: 'unsupported_media_type' });
  });
});

describe('what is not there', () => {
  it('answers 404 and names the paths', async () => {
    const room = await open();
    const error = await failure(room, '/admin/instance');
    expect(error).toMatchObject({ status: 404, code: 'unknown_path' });
    expect(error.message).toContain('Nothing is at /admin/instance; there are /, /admin/config, ');
  });

  it('answers 405 and names the methods', async () => {
    const room = await open();
    const error = await failure(room, '/admin/instances', { method: 'DELETE' });
    expect(error).toMatchObject({ status: 405, code: 'method_not_allowed' });
    expect(error.message).toBe('/admin/instances does not answer DELETE; it answers GET and HEAD.');
    expect(error.headers.get('allow')).toBe('GET, HEAD');
    expect((await failure(room, '/admin/reload')).headers.get('allow')).toBe('POST');
  });

  it('answers HEAD like GET, without a body', async () => {
    const room = await open();
    const answer = await room.call('/admin/queue', { method: 'HEAD' });
    expect([answer.status, answer.text]).toEqual([200, '']);
  });

  it('does not repeat a path of any length', async () => {
    const room = await open();
    const error = await failure(room, `/${'x'.repeat(5000)}`);
    expect(error.status).toBe(404);
    expect(error.message.length).toBeLessThan(600);
  });
});

describe('failures of our own', () => {
  it('say nothing of their inside, and are told to whoever wants to know', async () => {
    const told: unknown[] = [];
    const failing = new Error('secret inside');
    const room = await open({
      metricsText: () => Promise.reject(failing),
      onInternalError: (error) => void told.push(error),
    });
    expect(await failure(room, '/metrics')).toMatchObject({
      status: 500,
      code: 'internal_error',
      message: 'The gateway failed to handle this request.',
    });
    expect(told).toEqual([failing]);
  });
});

describe('mounted routes of other rooms', () => {
  const select: MountableRoutes = {
    name: 'select',
    mount(app) {
      const request = { query: z.object({ model: z.string('a model name') }) };
      const responses = {
        200: {
          description: 'Where to',
          content: { 'application/json': { schema: z.object({ to: z.string() }) } },
        },
      };
      app.openapi(
        createRoute({ method: 'get', path: '/scheduler/select', operationId: 'select', request, responses }),
        (context) => {
          if (context.req.valid('query').model === 'busy')
            throw new SignalboxError('queue_full', 'full', { retryAfterMs: 1500 });
          return context.json({ to: 'gpu-1' }, 200);
        },
      );
    },
  };

  it('answer on the same listener and are part of its description', async () => {
    const room = await open({ routes: [select] });
    expect((await room.call('/scheduler/select?model=llama')).json()).toEqual({ to: 'gpu-1' });
    const api = (await room.call('/openapi.json')).json<{ paths: Record<string, unknown> }>();
    expect(Object.keys(api.paths)).toContain('/scheduler/select');
  });

  it('fail in the same shape, and are guarded', async () => {
    const room = await open({ routes: [select], token: 'hush-hush' });
    const headers = { authorization: 'Bearer hush-hush' };
    const answer = await fetch(`${room.url}/scheduler/select`, { headers });
    expect([answer.status, await answer.json()]).toEqual([
      400,
      {
        error: {
          message: 'model: found nothing, allowed is a model name.',
          type: 'invalid_request_error',
          param: 'model',
          code: 'invalid_value',
        },
      },
    ]);
    const full = await fetch(`${room.url}/scheduler/select?model=busy`, { headers });
    expect([full.status, full.headers.get('retry-after')]).toEqual([429, '2']);
    expect((await fetch(`${room.url}/scheduler/select?model=llama`)).status).toBe(401);
  });
});

describe('the socket', () => {
  /** What the listener answers to these very bytes. */
  async function raw(room: ControlRoom, bytes: string): Promise<string> {
    const { port } = new URL(room.url);
    return new Promise((resolve, reject) => {
      let answer = '';
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(bytes));
      socket.setEncoding('utf8').on('data', (text: string) => {
        answer += text;
      });
      socket.on('close', () => resolve(answer)).on('error', reject);
    });
  }

  it('answers bad HTTP in our shape', async () => {
    const room = await open();
    const answer = await raw(room, 'NOT HTTP AT ALL\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toMatchObject({ error: { code: 'bad_http' } });
  });

  it('answers a request line that is too large in our shape', async () => {
    const room = await open();
    const answer = await raw(room, `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toMatchObject({ error: { code: 'headers_too_large' } });
  });

  it('reports an address that is taken', async () => {
    const room = await open();
    const { port } = new URL(room.url);
    await expect(openControlRoom({ port: Number(port) })).rejects.toThrow('EADDRINUSE');
  });

  it('is gone after it was closed, even with a connection open', async () => {
    const room = await openControlRoom();
    await room.call('/health');
    await room.close();
    await expect(fetch(`${room.url}/health`)).rejects.toThrow();
  });

  it('refuses to be open to other machines without a token, before it listens', () => {
    const options = { version: '1', scheduler: {}, decisions: {}, metricsText: async () => '' };
    expect(() => createAdmin({ ...options, host: '0.0.0.0' } as unknown as AdminOptions)).toThrow(
      'found host "0.0.0.0" and no token',
    );
  });
});
