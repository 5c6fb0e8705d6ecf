import { describe, expect, it } from 'vitest';
import { createRequest } from '../../domain/index.ts';
import { startJsonEngine } from '../__fixtures__/json-engine.ts';
import { aNewTask, queueRooms } from '../__fixtures__/queue-room.ts';

const { open, cleanup } = queueRooms();

async function anEngine(...given: Parameters<typeof startJsonEngine>) {
  const engine = await startJsonEngine(...given);
  cleanup(() => engine.close().catch(() => undefined));
  return engine;
}

describe('tasks on engines of the fleet', () => {
  it.each([
    [{ messages: [{ role: 'user', content: 'hi' }] }, '/v1/chat/completions'],
    [{ prompt: 'hi' }, '/v1/completions'],
    [{ input: 'hi' }, '/v1/embeddings'],
  ])('send %j to the endpoint it is for, and keep its whole answer', async (input, path) => {
    const room = await open();
    const engine = await anEngine(() => ({ body: { choices: [1] } }));
    room.addEngine({ id: 'e', url: engine.url });
    const task = await room.service.wait(await room.submitOne({ input }), 10_000);
    expect(task).toMatchObject({ state: 'completed', result: { choices: [1] } });
    expect(engine.calls).toMatchObject([{ path, body: { ...input, model: 'model-x' } }]);
  });

  it('go to the endpoint that the task names', async () => {
    const room = await open();
    const engine = await anEngine(() => ({}));
    room.addEngine({ id: 'e', url: engine.url });
    await room.service.wait(await room.submitOne({ input: { query: 'q' }, endpoint: '/v1/rerank' }), 10_000);
    expect(engine.calls).toMatchObject([{ path: '/v1/rerank' }]);
  });

  it.each([
    [{ prompt: 'x', stream: true }, 'task_input.stream'],
    [{ question: 'x' }, 'none of messages, prompt, input'],
  ])('are refused at once when no engine could answer %j', async (input, message) => {
    const room = await open();
    const engine = await anEngine(() => ({}));
    room.addEngine({ id: 'e', url: engine.url });
    await expect(room.service.submit([aNewTask({ input })])).rejects.toMatchObject({
      code: 'invalid_value',
      message: expect.stringContaining(message),
    });
  });

  it('are tried again after a failure that may pass, on another instance where there is one', async () => {
    const room = await open();
    const bad = await anEngine(() => ({ status: 500, body: { error: 'no' } }));
    const good = await anEngine(() => ({}));
    room.addEngine({ id: 'bad', url: bad.url });
    room.addEngine({ id: 'good', url: good.url });
    const ids = [await room.submitOne(), await room.submitOne(), await room.submitOne()];
    for (const id of ids) {
      expect(await room.service.wait(id, 10_000)).toMatchObject({ state: 'completed' });
    }
    expect(good.calls).toHaveLength(3);
    expect(bad.calls.length).toBeGreaterThan(0);
  });

  it('fail for good when every try failed, and say how the last one did', async () => {
    const room = await open();
    const engine = await anEngine(() => ({ status: 503, body: 'overheated' }));
    room.addEngine({ id: 'e', url: engine.url });
    const task = await room.service.wait(await room.submitOne({ maxRetries: 2 }), 10_000);
    expect(task).toMatchObject({
      state: 'failed',
      failure: { code: 'retries_exhausted', message: expect.stringContaining('overheated') },
    });
    expect(engine.calls).toHaveLength(3);
  });

  it('fail at once when the engine refuses them', async () => {
    const room = await open();
    const engine = await anEngine(() => ({ status: 400, body: { error: { message: 'too long' } } }));
    room.addEngine({ id: 'e', url: engine.url });
    const task = await room.service.wait(await room.submitOne(), 10_000);
    expect(task).toMatchObject({ state: 'failed', failure: { code: 'rejected' } });
    expect(task?.failure?.message).toContain('too long');
    expect(engine.calls).toHaveLength(1);
  });

  it('wait for an engine that says that it is full, without using up a retry', async () => {
    const room = await open();
    const engine = await anEngine((_call, number) =>
      number <= 3 ? { status: 429, headers: { 'retry-after': '0.02' } } : {},
    );
    room.addEngine({ id: 'e', url: engine.url });
    const task = await room.service.wait(await room.submitOne({ maxRetries: 0 }), 10_000);
    expect(task).toMatchObject({ state: 'completed', attempt: 1 });
    expect(engine.calls).toHaveLength(4);
  });

  it('fail with a result that is too large to be stored', async () => {
    const room = await open({ settings: { maxResultBytes: 1_000 } });
    const engine = await anEngine(() => ({ body: { text: 'x'.repeat(2_000) } }));
    room.addEngine({ id: 'e', url: engine.url });
    const task = await room.service.wait(await room.submitOne(), 10_000);
    expect(task).toMatchObject({ state: 'failed', failure: { code: 'result_too_large' } });
  });

  it('take no longer than a try may', async () => {
    const room = await open();
    const engine = await anEngine((_call, number) => (number === 1 ? undefined : {}));
    room.addEngine({ id: 'e', url: engine.url });
    const task = await room.service.wait(await room.submitOne({ timeoutMs: 50 }), 10_000);
    expect(task).toMatchObject({ state: 'completed', attempt: 2 });
    expect(engine.aborted).toBe(1);
  });

  it('stop on the engine when they are cancelled', async () => {
    const room = await open();
    const { promise, resolve } = Promise.withResolvers<void>();
    const engine = await anEngine(() => {
      resolve();
      return undefined;
    });
    room.addEngine({ id: 'e', url: engine.url });
    const id = await room.submitOne();
    await promise;
    expect(await room.service.cancel(id)).toMatchObject({ state: 'scheduled' });
    expect(await room.service.wait(id, 10_000)).toMatchObject({ state: 'cancelled' });
    await expect.poll(() => engine.aborted).toBe(1);
    expect(room.scheduler.instances()[0]!.inFlightRequests).toBe(0);
    expect(room.service.queues()[0]!.state.tasks).toBe(0);
  });
});

describe('tasks beside interactive requests', () => {
  it('leave a share of the window free, however many there are', async () => {
    const room = await open({ settings: { maxInstanceShare: 0.5 } });
    const release = Promise.withResolvers<void>();
    const engine = await anEngine(async () => {
      await release.promise;
      return {};
    });
    room.addEngine({ id: 'e', url: engine.url, maxConcurrency: 8 });
    const tasks = Array.from({ length: 20 }, () => aNewTask());
    await room.service.submit(tasks);
    await expect.poll(() => engine.calls.length).toBe(4);
    const gone: string[] = [];
    for (let i = 0; i < 4; i++) {
      room.scheduler.submit(createRequest({ id: `chat-${i}`, model: 'model-x', arrivalMs: Date.now() }), {
        onDispatch: () => gone.push(`chat-${i}`),
        onReject: () => undefined,
      });
    }
    // Each found room at the moment it came.
    expect(gone).toEqual(['chat-0', 'chat-1', 'chat-2', 'chat-3']);
    release.resolve();
    for (const { id } of tasks) {
      expect(await room.service.wait(id, 10_000)).toMatchObject({ state: 'completed' });
    }
    expect(engine.mostAtOnce).toBe(4);
  });

  it('wait as queue length while interactive requests fill the fleet, and come first to none of them', async () => {
    const room = await open();
    const engine = await anEngine(() => ({}));
    room.addEngine({ id: 'e', url: engine.url, maxConcurrency: 1 });
    const order: string[] = [];
    const chat = (id: string) => {
      let finish: () => void = () => undefined;
      const ticket = room.scheduler.submit(createRequest({ id, model: 'model-x', arrivalMs: Date.now() }), {
        onDispatch: () => order.push(id),
        onReject: () => order.push(`${id} rejected`),
      });
      finish = () => ticket.complete();
      return finish;
    };
    const endFirst = chat('first');
    const tasks = Array.from({ length: 5 }, () => aNewTask());
    await room.service.submit(tasks);
    await expect.poll(() => room.scheduler.waitingRequests()).toBe(1);
    const endSecond = chat('second');
    expect(await room.service.counts()).toMatchObject({ failed: 0, completed: 0 });
    endFirst();
    expect(order).toEqual(['first', 'second']);
    expect(engine.calls).toEqual([]);
    endSecond();
    for (const { id } of tasks) {
      expect(await room.service.wait(id, 10_000)).toMatchObject({ state: 'completed' });
    }
    expect(engine.mostAtOnce).toBe(1);
  });

  it('never stand in memory in masses', async () => {
    const room = await open();
    const engine = await anEngine(() => undefined);
    room.addEngine({ id: 'a', url: engine.url, maxConcurrency: 2 });
    await room.service.submit(Array.from({ length: 200 }, () => aNewTask()));
    await expect.poll(() => engine.calls.length).toBe(1);
    expect(room.scheduler.waitingRequests()).toBeLessThanOrEqual(2);
    expect((await room.service.counts()).queued).toBeGreaterThan(190);
  });

  it('leave the choice of the engine to the scheduler with the strategy signalbox, and make it themselves with others', async () => {
    const room = await open();
    const engines = [await anEngine(() => ({})), await anEngine(() => ({}))];
    engines.forEach(({ url }, index) => {
      room.addEngine({ id: `e${index}`, url });
    });
    const seen: (readonly string[] | undefined)[] = [];
    const { submit } = room.scheduler;
    room.scheduler.submit = (request, handlers) => {
      seen.push(request.onlyInstances);
      return submit.call(room.scheduler, request, handlers);
    };
    await room.service.setStrategy('round_robin');
    await room.service.wait(await room.submitOne(), 10_000);
    await room.service.setStrategy('signalbox');
    await room.service.wait(await room.submitOne(), 10_000);
    expect(seen).toEqual([['e0'], undefined]);
  });

  it('go on elsewhere when the engine that they wait for leaves the fleet', async () => {
    const room = await open();
    const stuck = await anEngine(() => undefined);
    const good = await anEngine(() => ({}));
    room.addEngine({ id: 'stuck', url: stuck.url, maxConcurrency: 1 });
    const ids = [await room.submitOne(), await room.submitOne()];
    await expect.poll(() => stuck.calls.length).toBe(1);
    room.addEngine({ id: 'good', url: good.url });
    const removed = { type: 'instance-removed', instanceId: 'stuck' } as const;
    room.scheduler.tellFleet(removed);
    room.onFleetEvent(removed);
    expect(await room.service.wait(ids[1]!, 10_000)).toMatchObject({ state: 'completed' });
  });
});

describe('tasks beside interactive requests', () => {
  it('take fewer slots once something urgent had to wait', async () => {
    const room = await open();
    const engine = await anEngine(() => new Promise<{ status?: number; body?: unknown }>(() => undefined));
    room.addEngine({ id: 'e', url: engine.url, maxConcurrency: 10 });
    const handlers = { onDispatch: () => undefined, onReject: () => undefined };
    const tickets = Array.from({ length: 14 }, (_, index) =>
      room.scheduler.submit(
        createRequest({ id: `urgent-${index}`, model: 'model-x', arrivalMs: Date.now(), priority: 'HIGH' }),
        handlers,
      ),
    );
    expect(room.scheduler.waitingAbove('model-x', 'LOW')).toBe(4);
    for (let look = 0; look < 5; look++) {
      await room.service.submit(Array.from({ length: 4 }, () => aNewTask()));
      await new Promise((resolve) => setTimeout(resolve, 120));
    }
    for (const ticket of tickets) ticket.complete();
    await expect.poll(() => engine.calls.length).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(engine.calls.length).toBeLessThan(8);
  });
});
