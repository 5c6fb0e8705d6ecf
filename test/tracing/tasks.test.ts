/** A task over the API of the whole house, as one trace. */

import { afterAll, expect, it } from 'vitest';
import { startOtlpReceiver } from '../../src/telemetry/tracing/__fixtures__/otlp-receiver.ts';
import { taskHouse } from '../tasks/support/house.ts';
import { MODEL } from '../up/support/requests.ts';

const collector = await startOtlpReceiver();
afterAll(() => collector.close());
const house = taskHouse({ engines: 1, config: { telemetry: { tracing: { otlpUrl: collector.url } } } });

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';

it.each(['/queue/submit', '/queue/submit_batch'])('%s takes up the trace of its caller', async (path) => {
  const before = collector.spans.length;
  const task = { task_input: { prompt: 'hello', max_tokens: 2 }, metadata: {} };
  const body = path === '/queue/submit' ? task : { tasks: [task] };
  const response = await fetch(house().controlUrl + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: `00-${TRACE}-${CALLER}-01` },
    body: JSON.stringify({ model_name: MODEL, ...body }),
  });
  expect(await response.json()).toMatchObject({ status: 'success' });
  const mine = () => collector.spans.slice(before);
  await expect.poll(() => mine().map(({ name }) => name), { timeout: 20_000 }).toContain('task');
  const byName = new Map(mine().map((span) => [span.name, span]));
  expect(mine().every(({ traceId }) => traceId === TRACE)).toBe(true);
  expect(byName.get('task submit')!.parentSpanId).toBe(CALLER);
  expect(byName.get('task')!.parentSpanId).toBe(byName.get('task submit')!.spanId);
  expect(byName.get('task try')!.parentSpanId).toBe(byName.get('task')!.spanId);
  expect(byName.get('task')!.attributes).toMatchObject({ 'signalbox.outcome': 'completed' });
});
