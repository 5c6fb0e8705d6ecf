import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startOtlpReceiver } from './__fixtures__/otlp-receiver.ts';
import { openTracing, TRACING_PACKAGES, type TracingOptions, tracesUrl } from './open-tracing.ts';

const NOWHERE = 'http://127.0.0.1:1';
const POLL = { timeout: 10_000 };

async function tracing(options: Partial<TracingOptions> = {}) {
  const opened = await openTracing({
    ...{ otlpUrl: NOWHERE, sampleShare: 1, serviceName: 'house', version: '1.2.3' },
    ...options,
  });
  onTestFinished(() => opened.close());
  return opened;
}

async function receiver() {
  const started = await startOtlpReceiver();
  onTestFinished(() => started.close());
  return started;
}

describe('tracing', () => {
  it('sends spans with their own times and ids, as often as the service is called', async () => {
    const collector = await receiver();
    const { spans, close } = await tracing({ otlpUrl: collector.url });
    const root = spans.start('root', { kind: 'server', atMs: 1_000.5, id: '00000000000000aa' });
    const child = spans.start('child', {
      kind: 'client',
      parent: root.context,
      atMs: 1_001,
      attributes: { a: 1 },
    });
    child.end({ atMs: 2_000, attributes: { b: 'x' }, errorType: 'timeout' });
    root.end({ atMs: 3_000 });
    await close();
    const [first, second] = collector.spans;
    expect(collector.spans).toHaveLength(2);
    expect(first).toMatchObject({
      name: 'child',
      kind: 3,
      parentSpanId: '00000000000000aa',
      attributes: { a: 1, b: 'x', 'error.type': 'timeout' },
      isError: true,
      resource: { 'service.name': 'house', 'service.version': '1.2.3' },
    });
    expect(second).toMatchObject({
      name: 'root',
      kind: 2,
      spanId: '00000000000000aa',
      traceId: first!.traceId,
    });
    expect([second!.startMs, second!.endMs]).toEqual([1_000.5, 3_000]);
    expect(second!.parentSpanId).toBeUndefined();
    expect(first!.spanId).toMatch(/^[\da-f]{16}$/);
  });

  it('keeps to the share, and to what a caller decided', async () => {
    const collector = await receiver();
    const { spans, close } = await tracing({ otlpUrl: collector.url, sampleShare: 0 });
    const own = spans.start('own', { kind: 'server', atMs: 1 });
    own.end({ atMs: 2 });
    expect(own.isRecording).toBe(false);
    expect(own.context.traceFlags).toBe(0);
    const wanted = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1, isRemote: true };
    spans.start('asked for', { kind: 'server', parent: wanted, atMs: 1 }).end({ atMs: 2 });
    await close();
    expect(collector.spans.map(({ name }) => name)).toEqual(['asked for']);
  });

  it('tells once that the collector takes nothing, and when it does again', async () => {
    const collector = await receiver();
    collector.status = 400;
    const news: boolean[] = [];
    const { spans } = await tracing({
      otlpUrl: collector.url,
      onNews: ({ isSending }) => news.push(isSending),
    });
    const aSpan = () => spans.start('a', { kind: 'server', atMs: 1 }).end({ atMs: 2 });
    aSpan();
    await expect.poll(() => news, POLL).toEqual([false]);
    collector.status = 200;
    aSpan();
    await expect.poll(() => news, POLL).toEqual([false, true]);
    expect(collector.spans).toHaveLength(1);
  });

  it('ends soon when the collector is gone', async () => {
    const { spans, close } = await tracing();
    spans.start('lost', { kind: 'server', atMs: 1 }).end({ atMs: 2 });
    await close();
  });

  it('names the packages to install when one is missing, as the package declares them', async () => {
    const { peerDependencies } = JSON.parse(
      readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
    ) as { peerDependencies: Record<string, string> };
    const missing = async () => {
      throw Object.assign(new Error('no package'), { code: 'ERR_MODULE_NOT_FOUND' });
    };
    const opening = openTracing(
      { otlpUrl: NOWHERE, sampleShare: 1, serviceName: 's', version: '1' },
      missing,
    );
    for (const name of TRACING_PACKAGES) {
      await expect(opening).rejects.toThrow(`${name}@${peerDependencies[name]}`);
    }
  });

  it.each([
    ['http://c:4318', 'http://c:4318/v1/traces'],
    ['http://c:4318/', 'http://c:4318/v1/traces'],
    ['https://c/otlp/traces', 'https://c/otlp/traces'],
  ])('sends to %s at %s', (given, url) => {
    expect(tracesUrl(given)).toBe(url);
  });
});
