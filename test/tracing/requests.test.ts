/** Requests at the gateway as traces: real calls, real engines' sockets, and a collector that takes OTLP. */

import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type OtlpReceiver,
  startOtlpReceiver,
} from '../../src/telemetry/tracing/__fixtures__/otlp-receiver.ts';
import { createRequestTracing, type OpenTracing, openTracing } from '../../src/telemetry/tracing/index.ts';
import { openSandbox } from '../gateway/support/sandbox.ts';
import { DONE, json, stream, token } from '../gateway/support/upstream.ts';

const sandbox = openSandbox();
const clock = { now: () => performance.timeOrigin + performance.now() };
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

async function traced(share = 1) {
  const collector: OtlpReceiver = await startOtlpReceiver();
  const tracing: OpenTracing = await openTracing({
    ...{ otlpUrl: collector.url, sampleShare: share, serviceName: 'signalbox', version: '0' },
  });
  onTestFinished(async () => {
    await tracing.close();
    await collector.close();
  });
  return { collector, tracing, init: { options: { tracing: createRequestTracing(tracing.spans, clock) } } };
}

const headers = (more: Record<string, string> = {}) => ({ 'content-type': 'application/json', ...more });

describe('a traced request', () => {
  it('has a span of its own and one for each try, whose traceparent the engine gets', async () => {
    const { collector, tracing, init } = await traced();
    const busy = json({ error: { message: 'loading' } }, 503);
    const [gateway, upstreams] = await sandbox.fleet(
      [busy, stream([token('a'), token('b', 'stop'), DONE])],
      init,
    );
    const given = { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: 'vendor=1' };
    const response = await gateway.chat({ stream: true }, { headers: headers(given) });
    await response.text();
    await tracing.close();

    const [request, ...more] = collector.spans.filter(({ kind }) => kind === 2);
    expect(more).toEqual([]);
    expect(request).toMatchObject({
      name: 'chat m',
      traceId: TRACE,
      parentSpanId: SPAN,
      isError: false,
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.request.model': 'm',
        'http.response.status_code': 200,
        'signalbox.outcome': 'completed',
        'signalbox.attempts': 2,
        'signalbox.instance': 'i1',
      },
    });
    const tries = collector.spans.filter(({ kind }) => kind === 3);
    expect(tries.map(({ parentSpanId }) => parentSpanId)).toEqual([request!.spanId, request!.spanId]);
    expect(tries.map(({ attributes, isError }) => [attributes['signalbox.instance'], isError])).toEqual([
      ['i0', true],
      ['i1', false],
    ]);
    expect(upstreams.map(({ calls }) => calls[0]!.headers.traceparent)).toEqual(
      tries.map(({ spanId }) => `00-${TRACE}-${spanId}-01`),
    );
    expect(upstreams[1]!.calls[0]!.headers.tracestate).toBe('vendor=1');
    expect(tries[1]!.startMs).toBeGreaterThanOrEqual(tries[0]!.startMs);
    expect(request!.endMs).toBeGreaterThanOrEqual(request!.startMs);
  });

  it('begins a trace where the caller began none', async () => {
    const { collector, tracing, init } = await traced();
    const [gateway, upstream] = await sandbox.pair(
      json({ id: 'x', usage: { prompt_tokens: 3, completion_tokens: 2 } }),
      init,
    );
    await (await gateway.chat({}, { headers: headers({ traceparent: 'nonsense' }) })).text();
    await tracing.close();
    const request = collector.spans.find(({ kind }) => kind === 2)!;
    expect(request.parentSpanId).toBeUndefined();
    expect(request.attributes).toMatchObject({
      'gen_ai.usage.input_tokens': 3,
      'gen_ai.usage.output_tokens': 2,
    });
    expect(upstream.calls[0]!.headers.traceparent).toContain(request.traceId);
  });

  it('that is not sampled is sent nowhere, and the engine is told so', async () => {
    const { collector, tracing, init } = await traced(0);
    const [gateway, upstream] = await sandbox.pair(json({ id: 'x' }), init);
    await (await gateway.chat()).text();
    await tracing.close();
    expect(collector.spans).toEqual([]);
    expect(upstream.calls[0]!.headers.traceparent).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-00$/);
  });

  it('that is refused is a span, too', async () => {
    const { collector, tracing, init } = await traced();
    const [gateway] = await sandbox.pair(json({}), init);
    const response = await gateway.chat({}, { body: '{"model"', headers: headers() });
    expect(response.status).toBe(400);
    await tracing.close();
    expect(collector.spans).toMatchObject([
      {
        kind: 2,
        isError: true,
        attributes: { 'http.response.status_code': 400, 'url.path': '/v1/chat/completions' },
      },
    ]);
  });

  it('is answered all the same when the collector is gone', async () => {
    const { collector, init } = await traced();
    await collector.close();
    const [gateway] = await sandbox.pair(json({ id: 'x' }), init);
    for (let n = 0; n < 20; n++) expect((await gateway.chat()).status).toBe(200);
  });
});

it('without tracing a traceparent goes to the engine as it came', async () => {
  const [gateway, upstream] = await sandbox.pair(json({ id: 'x' }));
  const traceparent = `00-${TRACE}-${SPAN}-01`;
  await (await gateway.chat({}, { headers: headers({ traceparent }) })).text();
  expect(upstream.calls[0]!.headers.traceparent).toBe(traceparent);
});
