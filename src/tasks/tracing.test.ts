import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startOtlpReceiver } from '../telemetry/tracing/__fixtures__/otlp-receiver.ts';
import { openTracing } from '../telemetry/tracing/index.ts';
import { type EngineAnswer, startJsonEngine } from './__fixtures__/json-engine.ts';
import { queueRooms } from './__fixtures__/queue-room.ts';

const { open, cleanup } = queueRooms();
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';
const trace = { traceparent: `00-${TRACE}-${CALLER}-01`, tracestate: 'vendor=1' };
const POLL = { timeout: 20_000 };

async function aCollector() {
  const collector = await startOtlpReceiver();
  cleanup(() => collector.close());
  return collector;
}

/** What one process traces with. */
async function tracing(otlpUrl: string) {
  const opened = await openTracing({ otlpUrl, sampleShare: 1, serviceName: 'signalbox', version: '0' });
  cleanup(() => opened.close());
  return opened;
}

async function anEngine(answer: (number: number) => EngineAnswer) {
  const engine = await startJsonEngine((_call, number) => answer(number));
  cleanup(() => engine.close().catch(() => undefined));
  return engine;
}

async function aWebhook() {
  const parents: unknown[] = [];
  const server = createServer((request, response) => {
    parents.push(request.headers.traceparent);
    request.resume();
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup(async () => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?secret=1`, parents };
}

describe('a traced task', () => {
  it('is one trace from its submission to its webhook, with a span for each wait and each try', async () => {
    const collector = await aCollector();
    const { spans, close } = await tracing(collector.url);
    const room = await open({ spans });
    const engine = await anEngine((number) => (number === 1 ? { status: 500 } : {}));
    room.addEngine({ id: 'e', url: engine.url });
    const webhook = await aWebhook();
    const id = await room.submitOne({ trace, webhook: { url: webhook.url } });
    expect(await room.service.wait(id, 20_000)).toMatchObject({ state: 'completed', attempt: 2 });
    await expect.poll(() => webhook.parents.length, POLL).toBe(1);
    await room.close(0);
    await close();

    expect(new Set(collector.spans.map(({ traceId }) => traceId))).toEqual(new Set([TRACE]));
    const [submit] = collector.named('task submit');
    const [task] = collector.named('task');
    expect(submit).toMatchObject({
      parentSpanId: CALLER,
      kind: 2,
      attributes: { 'signalbox.task.count': 1 },
    });
    expect(task).toMatchObject({
      parentSpanId: submit!.spanId,
      isError: false,
      attributes: { 'signalbox.task.id': id, 'signalbox.outcome': 'completed', 'signalbox.attempts': 2 },
    });
    const tries = collector.named('task try');
    const waits = collector.named('task queue');
    const told = collector.named('task webhook');
    for (const span of [...tries, ...waits, ...told]) expect(span.parentSpanId).toBe(task!.spanId);
    expect(waits).toHaveLength(2);
    expect(tries.map(({ attributes, isError }) => [attributes['signalbox.outcome'], isError])).toEqual([
      ['retried', true],
      ['completed', false],
    ]);
    expect(
      tries.map(({ attributes }) => [attributes['signalbox.instance'], attributes['signalbox.attempt']]),
    ).toEqual([
      ['e', 1],
      ['e', 2],
    ]);
    expect(engine.calls.map(({ headers }) => headers.traceparent)).toEqual(
      tries.map(({ spanId }) => `00-${TRACE}-${spanId}-01`),
    );
    expect(engine.calls[0]!.headers.tracestate).toBe('vendor=1');
    expect(webhook.parents).toEqual([`00-${TRACE}-${told[0]!.spanId}-01`]);
    expect(told[0]!.attributes['url.full']).not.toContain('secret');
    expect(waits[1]!.startMs).toBeGreaterThan(waits[0]!.startMs);
    for (const span of collector.spans) expect(span.endMs).toBeGreaterThanOrEqual(span.startMs);
  });

  it('that outlives its process goes on with the same trace, and each end is told once', async () => {
    const collector = await aCollector();
    const first = await tracing(collector.url);
    const room = await open({ spans: first.spans });
    const instance = await room.addTaskInstance({ mode: { type: 'swallow' } });
    const id = await room.submitOne({ trace });
    await expect.poll(() => instance.held, POLL).toBe(1);
    await room.close(0);
    await first.close();
    expect(collector.named('task')).toEqual([]);

    const second = await tracing(collector.url);
    const next = await open({
      spans: second.spans,
      openStore: async () => ({ ...room.store(), close: async () => undefined }),
    });
    const report = { taskId: id, reporter: instance.name, result: { n: 1 } };
    expect(await next.service.report(report)).toMatchObject({ type: 'accepted' });
    expect(await next.service.report(report)).toMatchObject({ type: 'already-ended' });
    await next.close(0);
    await second.close();

    const names = collector.spans.map(({ name }) => name).sort();
    expect(names).toEqual(['task', 'task queue', 'task submit', 'task try']);
    const [task] = collector.named('task');
    const [attempt] = collector.named('task try');
    const [submit] = collector.named('task submit');
    expect(task).toMatchObject({ traceId: TRACE, parentSpanId: submit!.spanId });
    expect(attempt).toMatchObject({ traceId: TRACE, parentSpanId: task!.spanId });
    expect(attempt!.attributes['signalbox.instance']).toBe(instance.name);
    expect(instance.traceparents).toEqual([`00-${TRACE}-${attempt!.spanId}-01`]);
    expect(collector.named('task queue')[0]!.parentSpanId).toBe(task!.spanId);
  });

  it('ends with its cancellation, its running try too', async () => {
    const collector = await aCollector();
    const { spans, close } = await tracing(collector.url);
    const room = await open({ spans });
    const instance = await room.addTaskInstance({ mode: { type: 'swallow' } });
    const id = await room.submitOne();
    await expect.poll(() => instance.held, POLL).toBe(1);
    await room.service.cancel(id);
    await room.service.cancel(id);
    await room.close(0);
    await close();
    const outcomes = (name: string) =>
      collector.named(name).map(({ attributes }) => attributes['signalbox.outcome']);
    expect(outcomes('task')).toEqual(['cancelled']);
    expect(outcomes('task try')).toEqual(['cancelled']);
    // Nobody began a trace before.
    expect(collector.named('task submit')[0]!.parentSpanId).toBeUndefined();
  });

  it('that its caller does not sample is told to nobody but the instance', async () => {
    const collector = await aCollector();
    const { spans, close } = await tracing(collector.url);
    const room = await open({ spans });
    const engine = await anEngine(() => ({}));
    room.addEngine({ id: 'e', url: engine.url });
    const id = await room.submitOne({ trace: { traceparent: `00-${TRACE}-${CALLER}-00` } });
    await room.service.wait(id, 20_000);
    await room.close(0);
    await close();
    expect(collector.spans).toEqual([]);
    expect(engine.calls[0]!.headers.traceparent).toMatch(new RegExp(`^00-${TRACE}-[\\da-f]{16}-00$`));
  });

  it('runs all the same when the collector is gone', async () => {
    const collector = await aCollector();
    const { spans } = await tracing(collector.url);
    await collector.close();
    const room = await open({ spans });
    await room.addTaskInstance();
    const ids = await Promise.all(Array.from({ length: 20 }, () => room.submitOne({ trace })));
    for (const id of ids) expect(await room.service.wait(id, 20_000)).toMatchObject({ state: 'completed' });
  });
});

it('without tracing a trace goes on to instances as it came, also after a restart', async () => {
  const first = await open();
  const id = await first.submitOne({ trace });
  await first.close(0);
  const room = await open({ openStore: async () => ({ ...first.store(), close: async () => undefined }) });
  const engine = await anEngine(() => ({}));
  room.addEngine({ id: 'e', url: engine.url });
  expect(await room.service.wait(id, 20_000)).toMatchObject({ state: 'completed', trace });
  expect(engine.calls[0]!.headers).toMatchObject(trace);
});
