/** The task API as clients and task instances of the existing scheduler call it, and as nobody should. */

import { randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import {
  type SimulatedTaskInstance,
  startTaskInstance,
  type TaskInstanceOptions,
} from '../../src/tasks/__fixtures__/task-instance.ts';
import { MODEL } from '../up/support/requests.ts';
import { taskHouse } from './support/house.ts';

const house = taskHouse({ config: { tasks: { store: { memory: true }, maxResultBytes: 1024 * 1024 } } });

type Json = Readonly<Record<string, unknown>>;

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(house().controlUrl + path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: text }),
  });
  return { status: response.status, body: (await response.json()) as Json };
}

const post = (path: string, body?: unknown, headers?: Record<string, string>) =>
  call('POST', path, body, headers);
const get = (path: string) => call('GET', path);

/** A task instance that serves a model of its own, and reports by HTTP as real ones do; it swallows tasks unless told otherwise. */
async function anInstance(
  options: TaskInstanceOptions = {},
): Promise<SimulatedTaskInstance & { uuid: string }> {
  const instance = await startTaskInstance({
    model: `model-${randomUUID().slice(0, 8)}`,
    mode: { type: 'swallow' },
    report: ({ taskId, reporter, executionMs, result }) =>
      post('/result/submit', {
        task_id: taskId,
        instance_id: reporter,
        execution_time: executionMs,
        result,
      }),
    ...options,
  });
  onTestFinished(async () => {
    await post('/ti/remove', { host: instance.host, port: instance.port });
    await instance.close();
  });
  const { body } = await post('/ti/register', {
    host: instance.host,
    port: instance.port,
    model_name: instance.model,
  });
  expect(body.status).toBe('success');
  return Object.assign(instance, { uuid: String(body.ti_uuid) });
}

async function submitted(instance: SimulatedTaskInstance, fields: Json = {}): Promise<string> {
  const { status, body } = await post('/queue/submit', {
    model_name: instance.model,
    task_input: { a: 1 },
    ...fields,
  });
  expect([status, body]).toMatchObject([200, { status: 'success' }]);
  return String(body.task_id);
}

async function held(instance: SimulatedTaskInstance, taskId: string): Promise<void> {
  await expect
    .poll(() => instance.received.some((task) => task.task_id === taskId), { timeout: 10_000 })
    .toBe(true);
}

const report = (instance: SimulatedTaskInstance, taskId: string, fields: Json = {}) => ({
  task_id: taskId,
  instance_id: instance.name,
  execution_time: 5,
  result: { text: 'done' },
  ...fields,
});

describe('registration', () => {
  it('takes an address with or without a model; the same address is the same instance', async () => {
    const instance = await anInstance();
    const again = await post('/ti/register', { host: instance.host, port: String(instance.port) });
    expect(again.body).toMatchObject({ status: 'success', ti_uuid: instance.uuid });
    expect((await get(`/queue/info?model_name=${instance.model}`)).body).toEqual({
      status: 'success',
      queues: [
        { model_name: instance.model, ti_uuid: instance.uuid, waiting_time_expect: 0, waiting_time_error: 0 },
      ],
    });
  });

  it.each([
    ['nobody is there', { host: '127.0.0.1', port: 1025 }, /./],
    ['the address belongs to a cloud', { host: '169.254.169.254', port: 8080 }, /169\.254/],
    ['the port is not allowed', { host: '127.0.0.1', port: 22 }, /22/],
    ['the name has no address', { host: 'nowhere.invalid', port: 8080 }, /nowhere\.invalid/],
  ])('says why it refuses when %s', async (_, wish, reason) => {
    const { status, body } = await post('/ti/register', wish);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'error',
      ti_uuid: '',
      message: expect.stringMatching(reason) as string,
    });
  });

  it('removes by either name, and lets what runs finish', async () => {
    const instance = await anInstance();
    const taskId = await submitted(instance);
    await held(instance, taskId);
    const removed = await post('/ti/remove', { ti_uuid: instance.uuid });
    expect(removed.body).toMatchObject({ status: 'success', host: instance.host, port: instance.port });
    expect((await post('/queue/submit', { model_name: instance.model, task_input: {} })).status).toBe(503);
    expect((await post('/result/submit', report(instance, taskId))).body.status).toBe('success');
    expect((await get(`/task/query?task_id=${taskId}`)).body).toMatchObject({ task_status: 'completed' });
  });
});

describe('a submission', () => {
  it('is the same task under the same id, in any form of it, or the same key', async () => {
    const instance = await anInstance();
    const id = randomUUID();
    expect(await submitted(instance, { task_id: id })).toBe(id);
    expect(await submitted(instance, { task_id: `task-${id.toUpperCase()}` })).toBe(id);
    const other = await post('/queue/submit', {
      model_name: instance.model,
      task_input: { a: 2 },
      task_id: id,
    });
    expect(other).toMatchObject({ status: 409, body: { detail: expect.stringContaining(id) as string } });

    const key = { 'idempotency-key': randomUUID() };
    const body = { model_name: instance.model, task_input: { b: 1 } };
    const [first, second] = [await post('/queue/submit', body, key), await post('/queue/submit', body, key)];
    expect(second.body.task_id).toBe(first.body.task_id);
    expect((await post('/queue/submit', { ...body, task_input: {} }, key)).status).toBe(409);
  });

  it('of many tasks under one key is the same tasks, each in its place', async () => {
    const instance = await anInstance();
    const key = { 'idempotency-key': randomUUID() };
    const submit = async (...inputs: Json[]) => {
      const tasks = inputs.map((task_input) => ({ task_input }));
      const { body } = await post('/queue/submit_batch', { model_name: instance.model, tasks }, key);
      return body.results as readonly Json[];
    };
    const first = await submit({ n: 1 }, { n: 1 });
    expect(new Set(first.map(({ task_id }) => task_id)).size).toBe(2);
    expect(await submit({ n: 1 }, { n: 1 })).toEqual(first);
    expect(await submit({ n: 1 }, { n: 2 })).toMatchObject([
      { task_id: first[0]!.task_id },
      { status: 'error', error: expect.stringContaining('Idempotency-Key') as string },
    ]);
  });

  it.each(['', 'k'.repeat(256)])('under the key %j is refused', async (key) => {
    const headers = { 'idempotency-key': key };
    const task = { task_input: { prompt: 'x' } };
    for (const [path, body] of [
      ['/queue/submit', { model_name: MODEL, ...task }],
      ['/queue/submit_batch', { model_name: MODEL, tasks: [task] }],
    ] as const) {
      const answer = await post(path, body, headers);
      expect(answer).toMatchObject({
        status: 422,
        body: { detail: [{ loc: ['header', 'idempotency-key'] }] },
      });
    }
  });

  it('names all mistakes at once, by path', async () => {
    const { status, body } = await post('/queue/submit_batch', {
      model_name: MODEL,
      tasks: [{ task_input: 'x' }, { task_input: {}, metadata: [], priority: 'URGENT', max_retries: -1 }],
    });
    expect(status).toBe(422);
    expect((body.detail as { loc: unknown[] }[]).map(({ loc }) => loc.join('.'))).toEqual([
      'body.tasks.0.task_input',
      'body.tasks.1.metadata',
      'body.tasks.1.priority',
      'body.tasks.1.max_retries',
    ]);
  });

  it.each([
    [
      'a model that nobody serves',
      { model_name: 'none', task_input: {} },
      503,
      /No available instances for model type none/,
    ],
    ['no model', { task_input: {} }, 422, /model_name/],
    ['no JSON', '{', 422, /JSON decode error/],
    [
      'JSON without a bottom',
      `{"model_name":"m","task_input":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}`,
      422,
      /levels deep/,
    ],
    [
      'a deadline that is no number',
      { model_name: MODEL, task_input: {}, deadline_ms: 'soon' },
      422,
      /deadline_ms/,
    ],
    ['a webhook without an address', { model_name: MODEL, task_input: {}, webhook: {} }, 422, /webhook/],
    [
      'a webhook that is no address',
      { model_name: MODEL, task_input: {}, webhook: { url: 'nowhere' } },
      422,
      /valid URL/,
    ],
    [
      'a webhook that is a file',
      { model_name: MODEL, task_input: {}, webhook: { url: 'file:///etc/passwd' } },
      422,
      /scheme should be 'http' or 'https'/,
    ],
    [
      'a webhook that may not be told',
      { model_name: MODEL, task_input: { prompt: 'x' }, webhook: { url: 'http://169.254.169.254/' } },
      400,
      /webhook\.url: 169\.254\.169\.254 is an address that is never called/,
    ],
    ['a text that cannot be stored', { model_name: MODEL, task_input: {}, tenant: 'a\0' }, 422, /U\+0000/],
    [
      'a date that does not exist',
      { model_name: MODEL, task_input: {}, not_before_ms: 1e300 },
      422,
      /not_before_ms/,
    ],
  ])('with %s is refused', async (_, body, status, message) => {
    const answer = await post('/queue/submit', body);
    expect(answer.status).toBe(status);
    expect(JSON.stringify(answer.body)).toMatch(message);
  });

  it('of 100,000 tasks at once is refused without looking at each', async () => {
    const tasks = Array.from({ length: 100_000 }, () => ({ task_input: {} }));
    const { status, body } = await post('/queue/submit_batch', { model_name: MODEL, tasks });
    expect(status).toBe(422);
    expect(JSON.stringify(body)).toContain('at most 10000 items');
  });

  it('larger than a body may be is answered 413', async () => {
    const input = 'x'.repeat(65 * 1024 * 1024);
    expect((await post('/queue/submit', { model_name: MODEL, task_input: { input } })).status).toBe(413);
  });
});

describe('a report', () => {
  it('is stored once, whoever says it again', async () => {
    const instance = await anInstance();
    const taskId = await submitted(instance);
    await held(instance, taskId);
    const first = await post('/result/submit', report(instance, taskId));
    expect(first.body.message).toMatch(
      new RegExp(`^Result for task ${taskId} received \\(total time: [\\d.]+ms\\)$`),
    );
    const late = await post('/result/submit', report(instance, taskId, { result: { text: 'other' } }));
    expect(late.body).toMatchObject({
      status: 'error',
      message: expect.stringContaining('had ended before') as string,
    });
    expect((await post('/notify/task_complete', report(instance, taskId))).body.status).toBe('success');
    expect((await post('/result/fetch', { task_id: taskId })).body).toEqual({ result: { text: 'done' } });
  });

  it('counts only from the instance that has the task', async () => {
    const [instance, other] = [await anInstance(), await anInstance()];
    const taskId = await submitted(instance);
    await held(instance, taskId);
    expect((await post('/result/submit', report(other, taskId))).body).toMatchObject({
      status: 'error',
      message: expect.stringContaining(instance.name) as string,
    });
    const stranger = report(instance, taskId, { instance_id: 'who:1' });
    expect((await post('/result/submit', stranger)).body).toEqual({
      status: 'error',
      message: 'Instance who:1 not found',
    });
    expect((await get(`/task/query?task_id=${taskId}`)).body.task_status).toBe('scheduled');
  });

  it('for a task that nobody submitted is answered 404', async () => {
    const instance = await anInstance();
    for (const id of [randomUUID(), 'nope']) {
      expect((await post('/result/submit', report(instance, id))).status).toBe(404);
      expect((await post('/notify/task_complete', report(instance, id))).status).toBe(404);
    }
  });

  it('of a result that is too large fails the task and says so', async () => {
    const instance = await anInstance();
    const taskId = await submitted(instance);
    await held(instance, taskId);
    const result = { text: 'x'.repeat(2 * 1024 * 1024) };
    const { status, body } = await post('/result/submit', report(instance, taskId, { result }));
    expect([status, body.detail]).toMatchObject([413, expect.stringContaining('at most 1048576')]);
    expect((await get(`/task/query?task_id=${taskId}`)).body).toMatchObject({
      task_status: 'failed',
      result: { error: { code: 'result_too_large' } },
    });
  });
});

describe('looking at tasks', () => {
  it('waits for the end as long as it is asked to', async () => {
    const instance = await anInstance();
    const taskId = await submitted(instance);
    await held(instance, taskId);
    expect((await get(`/task/query?task_id=${taskId}&wait_ms=20`)).body.task_status).toBe('scheduled');
    const waiting = get(`/task/query?task_id=task-${taskId}&wait_ms=20000`);
    await post('/result/submit', report(instance, taskId));
    expect((await waiting).body).toMatchObject({ task_status: 'completed', result: { text: 'done' } });
  });

  it('lists a page at a time, by state and model', async () => {
    const instance = await anInstance();
    const ids = [await submitted(instance), await submitted(instance), await submitted(instance)];
    const path = `/task/all_tasks?model_name=${instance.model}&limit=2`;
    const first = (await get(path)).body as { tasks: Json[]; next_cursor: string };
    const second = (await get(`${path}&cursor=${first.next_cursor}`)).body as {
      tasks: Json[];
      next_cursor?: string;
    };
    expect([...first.tasks, ...second.tasks].map((task) => task.task_id).toSorted()).toEqual(ids.toSorted());
    expect(second.next_cursor).toBeUndefined();
    const none = await get(`/task/all_tasks?model_name=${instance.model}&status=completed`);
    expect(none.body).toMatchObject({ total_tasks: 0, tasks: [] });
    expect((await get('/task/all_tasks?cursor=rubbish')).status).toBe(400);
    expect((await get('/task/all_tasks?status=lost')).status).toBe(422);
    expect((await get('/task/all_tasks?tenant=%00')).status).toBe(422);
  });

  it('cancels once', async () => {
    const instance = await anInstance();
    const taskId = await submitted(instance);
    expect(await post('/task/cancel', { task_id: taskId })).toMatchObject({
      status: 200,
      body: { status: 'success' },
    });
    expect((await get(`/task/query?task_id=${taskId}`)).body.task_status).toBe('cancelled');
    expect((await post('/task/cancel', { task_id: taskId })).status).toBe(409);
    expect((await post('/task/cancel', { task_id: randomUUID() })).status).toBe(404);
  });

  it.each(['nope', '', 'task-', '137a9777-53e8-4b43-bd76-3fb9854a9657x'])('knows no task %j', async (id) => {
    expect((await get(`/task/query?task_id=${id}`)).status).toBe(404);
  });

  it('tells of one task until it ends, as server-sent events', async () => {
    const instance = await anInstance();
    const taskId = await submitted(instance);
    await held(instance, taskId);
    const stream = await fetch(`${house().controlUrl}/task/events?task_id=${taskId}`);
    const text = stream.text();
    await post('/result/submit', report(instance, taskId));
    expect((await text).match(/^event: .*/gm)).toEqual(['event: task_scheduled', 'event: task_completed']);
    expect((await fetch(`${house().controlUrl}/task/events?task_id=${randomUUID()}`)).status).toBe(404);
  });
});

describe('strategy, predictions and settings', () => {
  it('are switched by name', async () => {
    for (const name of [
      'round_robin',
      'weighted',
      'probabilistic',
      'min_time',
      'po2',
      'random',
      'shortest_queue',
    ]) {
      expect((await post('/scheduler/set', { name })).body).toEqual({ status: 'success', message: 'OK' });
    }
    expect((await post('/scheduler/set', { name: 'Round_Robin' })).body.status).toBe('error');
    expect((await post('/scheduler/predict_mode', { mode: 'lookup_table' })).body.status).toBe('success');
    expect((await post('/scheduler/predict_mode', { mode: 'default' })).body.status).toBe('success');
    expect((await post('/scheduler/predict_mode', { mode: 'x' })).body.message).toBe(
      "Invalid mode 'x'. Valid modes: default, lookup_table",
    );
  });

  it('keep what is set, and refuse what is wrong', async () => {
    const quantiles = 'probabilistic_quantiles';
    expect((await post('/settings/set', { key: quantiles, value: [0.1, 0.9] })).body.status).toBe('success');
    expect((await post('/settings/get', { key: quantiles })).body).toMatchObject({
      value: [0.1, 0.9],
      exists: true,
    });
    expect((await post('/settings/set', { key: quantiles, value: [0.9, 0.1] })).body.message).toContain(
      'ascending',
    );
    expect((await post('/settings/set', { key: 'nothing', value: 1 })).body.message).toContain(
      'Known keys: predictor_',
    );
    expect((await post('/settings/get', { key: 'nothing' })).body).toMatchObject({
      exists: false,
      value: null,
    });
  });
});

describe('sockets', () => {
  function open(path: string): Promise<{ socket: WebSocket; next(): Promise<Json | string> }> {
    const socket = new WebSocket(house().controlUrl.replace('http', 'ws') + path);
    onTestFinished(() => socket.terminate());
    const inbox: string[] = [];
    const readers: ((text: string) => void)[] = [];
    socket.on('message', (data) => {
      const reader = readers.shift();
      if (reader === undefined) inbox.push(data.toString());
      else reader(data.toString());
    });
    const next = async () => {
      const text = inbox.shift() ?? (await new Promise<string>((resolve) => readers.push(resolve)));
      return text.startsWith('{') ? (JSON.parse(text) as Json) : text;
    };
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve({ socket, next }));
      socket.once('error', reject);
    });
  }

  it('take results from a registered instance, each with its acknowledgement', async () => {
    const instance = await anInstance();
    const taskId = await submitted(instance);
    await held(instance, taskId);
    const events = await open('/ws/task_events');
    const { socket, next } = await open('/ws/result_submit');
    const say = (message: Json) => socket.send(JSON.stringify(message));
    say({ type: 'register', instance_id: instance.name });
    expect(await next()).toEqual({
      type: 'registered',
      instance_id: instance.name,
      message: 'Registration successful',
    });
    say({ type: 'ping' });
    expect(await next()).toEqual({ type: 'pong' });
    say({ type: 'result', task_id: taskId });
    expect(await next()).toMatchObject({ type: 'ack', success: false, message: 'Missing required fields' });
    say({ type: 'batch', messages: [report(instance, taskId), report(instance, randomUUID())] });
    expect(await next()).toMatchObject({ type: 'ack', task_id: taskId, success: true });
    expect(await next()).toMatchObject({ type: 'ack', success: false });
    say({ type: 'nonsense' });
    expect(await next()).toEqual({ type: 'error', message: 'Unknown message type: nonsense' });
    expect(await events.next()).toMatchObject({
      event: 'task_completed',
      data: { task_id: taskId, task_status: 'completed', result: { text: 'done' } },
    });
    events.socket.send('ping');
    expect(await events.next()).toBe('pong');
    const stats = (await get('/websocket/stats')).body as { result_submission: Json; task_events: Json };
    expect(stats.result_submission).toMatchObject({ active_connections: 1 });
    expect(stats.task_events).toMatchObject({ active_connections: 1 });
  });

  it.each([
    ['{"type":"ping"}', 'First message must be registration'],
    ['rubbish', 'First message must be registration'],
    ['{"type":"register"}', 'instance_id required'],
  ])('are closed after %j', async (message, reason) => {
    const { socket } = await open('/ws/result_submit');
    const closed = new Promise((resolve) =>
      socket.once('close', (code, why: Buffer) => resolve([code, why.toString()])),
    );
    socket.send(message);
    expect(await closed).toEqual([1008, reason]);
  });

  it('replace an older one of the same instance', async () => {
    const first = await open('/ws/result_submit');
    const closed = new Promise((resolve) => first.socket.once('close', (code) => resolve(code)));
    first.socket.send('{"type":"register","instance_id":"same"}');
    await first.next();
    const second = await open('/ws/result_submit');
    second.socket.send('{"type":"register","instance_id":"same"}');
    await second.next();
    expect(await closed).toBe(1000);
  });
});

describe('a task for an engine of the fleet', () => {
  it('runs there, and its result is the answer of the engine', async () => {
    const { body } = await post('/queue/submit', {
      model_name: MODEL,
      task_input: { messages: [{ role: 'user', content: 'hello' }], max_tokens: 4 },
    });
    const over = await get(`/task/query?task_id=${body.task_id}&wait_ms=20000`);
    expect(over.body).toMatchObject({ task_status: 'completed', result: { object: 'chat.completion' } });
  });
});
