import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { TaskClient, TaskClientError, type TaskEvent } from '../../src/client/index.ts';
import { HOUSE_TOKEN, openTaskHouse } from './support/task-house.ts';

const MODEL = 'model-x';
const ID = '8c7a3f5e-1b2d-4e6f-8a9b-0c1d2e3f4a5b';
const theHouse = openTaskHouse();

const client = () => new TaskClient({ baseUrl: `${theHouse().controlUrl}/`, token: HOUSE_TOKEN });

async function errorOf(promise: Promise<unknown>): Promise<TaskClientError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(TaskClientError);
  return error as TaskClientError;
}

async function allOf<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** A server that answers what a test wants, in turn. */
async function serverOf(...answers: readonly RequestListener[]) {
  const calls: string[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(calls.length, answers.length - 1)]!;
    calls.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { calls, client: new TaskClient({ baseUrl: `http://127.0.0.1:${port}` }) };
}

const json =
  (status: number, body: unknown, headers = {}): RequestListener =>
  (_request, response) =>
    response.writeHead(status, headers).end(JSON.stringify(body));

describe('TaskClient', () => {
  it('submits a task and gives it back once it has ended', async () => {
    await theHouse().addInstance();
    const input = { prompt: 'hello' };
    const { id, instance } = await client().submit({ model: MODEL, input, metadata: { from: 'here' } });
    const task = await client().wait(id);
    expect(task).toMatchObject({ id, state: 'completed', input, metadata: { from: 'here' }, instance });
    expect(task.result).toEqual({ echo: input });
    expect(task.endedMs).toBeGreaterThanOrEqual(task.submittedMs);
  });

  it('gives the same task for the same id and content, and 409 for another content', async () => {
    await theHouse().addInstance();
    const task = { id: ID, model: MODEL, input: { prompt: 'once' } };
    expect(await client().submit(task)).toEqual(await client().submit(task));
    const error = await errorOf(client().submit({ ...task, input: { prompt: 'other' } }));
    expect(error.status).toBe(409);
    const ofBatch = await errorOf(client().submitBatch(MODEL, [{ id: ID, input: { prompt: 'other' } }]));
    expect(ofBatch).toMatchObject({ status: 409 });
    expect(ofBatch.message).toContain(`tasks[0]: task_id: task ${ID} was submitted`);
  });

  it('names every mistake of a submission by its path', async () => {
    await theHouse().addInstance();
    const error = await errorOf(client().submit({ model: MODEL, input: {}, maxRetries: -1, timeoutMs: 0.5 }));
    expect(error.status).toBe(422);
    expect(error.message).toMatch(/max_retries: Input should .*; timeout_ms: Input should /);
  });

  it('says 503 when nobody serves the model', async () => {
    const impatient = new TaskClient({ baseUrl: theHouse().controlUrl, token: HOUSE_TOKEN, maxRetries: 0 });
    await theHouse().addInstance();
    for (const submission of [
      impatient.submit({ model: 'nobody', input: {} }),
      impatient.submitBatch('nobody', [{ input: {} }]),
    ]) {
      expect(await errorOf(submission)).toMatchObject({
        status: 503,
        message: expect.stringContaining('No available instances for model type nobody') as string,
      });
    }
  });

  it('lists tasks over as many pages as there are, the newest first', async () => {
    await theHouse().addInstance();
    const inputs = Array.from({ length: 7 }, (_, i) => ({ input: { prompt: String(i) } }));
    const submitted = await client().submitBatch(MODEL, inputs);
    const listed = await allOf(client().list({ model: MODEL }, { pageSize: 3 }));
    expect(listed.map(({ id }) => id).sort()).toEqual(submitted.map(({ id }) => id).sort());
    expect(await allOf(client().list({ model: 'nobody' }))).toEqual([]);
  });

  it('cancels a task; one that had ended, or is not there, it does not', async () => {
    const instance = await theHouse().addInstance();
    const done = await client().submit({ model: MODEL, input: {} });
    await client().wait(done.id);
    instance.mode = { type: 'swallow' };
    const { id } = await client().submit({ model: MODEL, input: { prompt: 'never' } });
    await client().cancel(id);
    await client().cancel(id);
    expect(await client().wait(id)).toMatchObject({ state: 'cancelled' });
    expect(await errorOf(client().cancel(done.id))).toMatchObject({ status: 409 });
    expect(await errorOf(client().cancel(ID))).toMatchObject({ status: 404 });
  });

  it('gives up waiting after the time it was given, and knows when there is nothing to wait for', async () => {
    const instance = await theHouse().addInstance();
    instance.mode = { type: 'swallow' };
    const { id } = await client().submit({ model: MODEL, input: {} });
    expect(await errorOf(client().wait(id, { timeoutMs: 30 }))).toMatchObject({ status: 408 });
    expect(await errorOf(client().wait(ID))).toMatchObject({ status: 404 });
    expect(await client().get(ID)).toBeUndefined();
  });

  it('follows one task to its end', async () => {
    await theHouse().addInstance({ workMs: 50 });
    const { id } = await client().submit({ model: MODEL, input: {} });
    const states = (await allOf(client().events({ id }))).map(({ state }) => state);
    expect(states.at(-1)).toBe('completed');
  });

  it('follows all tasks of a model until it is told to stop', async () => {
    await theHouse().addInstance({ workMs: 50 });
    const stop = new AbortController();
    const seen: TaskEvent[] = [];
    const following = (async () => {
      for await (const event of client().events({ model: MODEL, signal: stop.signal })) {
        seen.push(event);
        if (event.state === 'completed') stop.abort();
      }
    })();
    for (let i = 0; seen.length === 0; i++) {
      const { id } = await client().submit({ model: MODEL, input: { prompt: String(i) } });
      await client().wait(id);
    }
    await following;
    expect(new Set(seen.map(({ model }) => model))).toEqual(new Set([MODEL]));
  });

  it('says how long the queues are', async () => {
    const { port } = await theHouse().addInstance();
    expect(port).toBeGreaterThan(0);
    expect(await client().queues(MODEL)).toMatchObject([{ model: MODEL, expectedWaitMs: 0, waitErrorMs: 0 }]);
  });

  it('is told when its token is not the right one', async () => {
    const stranger = new TaskClient({ baseUrl: theHouse().controlUrl, token: 'wrong' });
    expect(await errorOf(stranger.get(ID))).toMatchObject({ status: 401 });
  });
});

describe('a call that does not get through', () => {
  const queues = json(200, { queues: [] });

  it('is tried again when the connection breaks, before or in the middle of the answer', async () => {
    const { client, calls } = await serverOf(
      (request) => request.socket.destroy(),
      (_request, response) => {
        response.writeHead(200, { 'content-length': '100' }).write('{"que');
        setImmediate(() => response.destroy());
      },
      queues,
    );
    expect(await client.queues()).toEqual([]);
    expect(calls).toHaveLength(3);
  });

  it.each([429, 502, 503, 504])('is tried again after %i', async (status) => {
    const { client, calls } = await serverOf(
      json(status, { detail: 'later' }, { 'retry-after': '0' }),
      queues,
    );
    expect(await client.queues()).toEqual([]);
    expect(calls).toHaveLength(2);
  });

  it.each([400, 404, 413, 500])('is not tried again after %i', async (status) => {
    const { client, calls } = await serverOf(json(status, { detail: 'no' }));
    expect(await errorOf(client.queues())).toMatchObject({ status, detail: 'no' });
    expect(calls).toHaveLength(1);
  });

  it('keeps when the server wants to be called again', async () => {
    const { client } = await serverOf(json(400, { detail: 'no' }, { 'retry-after': '7' }));
    expect(await errorOf(client.queues())).toMatchObject({ retryAfterMs: 7_000 });
  });

  it('gives each task an id before it is sent, so that a second try is no second task', async () => {
    const bodies: { task_id: string }[] = [];
    const read: (next: RequestListener) => RequestListener = (next) => (request, response) => {
      let text = '';
      request.on('data', (piece: Buffer) => {
        text += piece.toString();
      });
      request.on('end', () => {
        bodies.push(JSON.parse(text) as { task_id: string });
        next(request, response);
      });
    };
    const answer = json(200, { task_id: ID, scheduled_ti: '' });
    const { client } = await serverOf(
      read((request) => request.socket.destroy()),
      read(answer),
    );
    await client.submit({ model: MODEL, input: {} });
    expect(bodies[1]).toEqual(bodies[0]);
    expect(bodies[0]!.task_id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('says that what answers is no task API', async () => {
    const { client } = await serverOf((_request, response) => response.end('<html>hello</html>'));
    expect((await errorOf(client.queues())).message).toContain('found an answer that is not JSON: <html>');
  });

  it('ends a stream of events with an error, since some were missed', async () => {
    const { client } = await serverOf((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"task_id":"a","task_status":"queued","scheduled_ti":"","model_name":"m"}\n\n');
      setTimeout(() => response.destroy(), 20);
    });
    const seen: TaskEvent[] = [];
    const following = (async () => {
      for await (const event of client.events()) seen.push(event);
    })();
    expect(await errorOf(following)).toMatchObject({ status: 0 });
    expect(seen).toHaveLength(1);
  });
});
