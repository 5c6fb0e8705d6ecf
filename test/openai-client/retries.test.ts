/** The client tries again by itself where Signalbox says that this may help, and not before the wait that it names. */

import { describe, expect, it } from 'vitest';
import { until } from '../../src/gateway/transport/conformance/until.ts';
import { aChat, openStacks, rejectionOf, type Stack } from './support/stack.ts';

const startStack = openStacks();

interface Seen {
  readonly status: number;
  readonly atMs: number;
  readonly retryAfterSeconds: number | undefined;
  readonly retryCount: string | null;
}

/** A `fetch` that notes every answer. */
function notingFetch(): { readonly seen: Seen[]; readonly fetch: typeof globalThis.fetch } {
  const seen: Seen[] = [];
  return {
    seen,
    async fetch(input, init) {
      const response = await globalThis.fetch(input, init);
      const retryAfter = response.headers.get('retry-after');
      seen.push({
        status: response.status,
        atMs: performance.now(),
        retryAfterSeconds: retryAfter === null ? undefined : Number(retryAfter),
        retryCount: new Headers(init?.headers).get('x-stainless-retry-count'),
      });
      return response;
    },
  };
}

/** Lets the fleet show how fast it is, so that the waits that are named are short. */
async function warmUp({ client }: Stack): Promise<void> {
  for (let i = 0; i < 10; i++) await client.chat.completions.create(aChat('x', { max_tokens: 1 }));
}

/** Takes the whole window and the whole queue of a stack that has one of each, until it is let go. */
async function fillUp({ client, gateway }: Stack): Promise<() => Promise<unknown>> {
  const leaving = new AbortController();
  const call = aChat('Go on', { max_tokens: 2000, ignore_eos: true });
  const start = () => rejectionOf(client.chat.completions.create(call, { signal: leaving.signal }));
  const others = [start(), start()];
  await until(() => gateway.held() === 2, 'one runs and one waits');
  return () => {
    leaving.abort();
    return Promise.all(others);
  };
}

const ONE_OF_EACH = { window: 1, speed: 1, scheduler: { admission: { maxRequests: 1, maxTokens: 1e9 } } };

describe('the client', () => {
  it('comes again after a full queue, when it was told to', async () => {
    const { seen, fetch } = notingFetch();
    const stack = await startStack(ONE_OF_EACH);
    await warmUp(stack);
    const letGo = await fillUp(stack);
    const patient = stack.client.withOptions({ maxRetries: 3, fetch });
    const pending = patient.chat.completions.create(aChat());
    await until(() => seen.length > 0, 'the client was refused');
    await letGo();
    expect((await pending).choices).toHaveLength(1);
    expect(seen.map(({ status }) => status)).toEqual([429, 200]);
    const [refused, served] = seen as [Seen, Seen];
    expect(refused.retryAfterSeconds).toBeGreaterThanOrEqual(1);
    expect(served.retryCount).toBe('1');
    expect(served.atMs - refused.atMs).toBeGreaterThan(refused.retryAfterSeconds! * 1000 - 50);
  });

  it('comes again after 503, and finds an instance that is back', async () => {
    const { seen, fetch } = notingFetch();
    const stack = await startStack({ scheduler: { noInstanceWaitMs: 30 }, client: { maxRetries: 2, fetch } });
    await warmUp(stack);
    seen.length = 0;
    const { scheduler } = stack.gateway;
    scheduler.tellFleet({ type: 'instance-health', instanceId: 'i0', isHealthy: false });
    const pending = stack.client.chat.completions.create(aChat());
    await until(() => seen.length > 0, 'the client was refused');
    scheduler.tellFleet({ type: 'instance-health', instanceId: 'i0', isHealthy: true });
    expect((await pending).choices).toHaveLength(1);
    expect(seen.map(({ status }) => status)).toEqual([503, 200]);
  });

  it('comes again for a stream as well', async () => {
    const { seen, fetch } = notingFetch();
    const stack = await startStack({ scheduler: { noInstanceWaitMs: 30 }, client: { maxRetries: 2, fetch } });
    await warmUp(stack);
    seen.length = 0;
    const { scheduler } = stack.gateway;
    scheduler.tellFleet({ type: 'instance-health', instanceId: 'i0', isHealthy: false });
    const pending = stack.client.chat.completions.create({ ...aChat(), stream: true });
    await until(() => seen.length > 0, 'the client was refused');
    scheduler.tellFleet({ type: 'instance-health', instanceId: 'i0', isHealthy: true });
    let chunks = 0;
    for await (const _ of await pending) chunks++;
    expect(chunks).toBeGreaterThan(10);
    expect(seen.map(({ status }) => status)).toEqual([503, 200]);
  });

  it('gives up after as many tries as it was given', async () => {
    const { seen, fetch } = notingFetch();
    const stack = await startStack(ONE_OF_EACH);
    await warmUp(stack);
    const letGo = await fillUp(stack);
    const impatient = stack.client.withOptions({ maxRetries: 1, fetch });
    expect(await rejectionOf(impatient.chat.completions.create(aChat()))).toMatchObject({
      code: 'queue_full',
    });
    expect(seen.map(({ status }) => status)).toEqual([429, 429]);
    await letGo();
  });

  it.each([
    ['a bad request', { max_tokens: -1 }, {}, 400],
    ['an unknown model', { model: 'none' }, {}, 404],
    ['a hint that is none', {}, { 'x-signalbox-priority': 'now' }, 400],
  ])('does not come again after %s', async (_, fields, headers, status) => {
    const { seen, fetch } = notingFetch();
    const { client } = await startStack({ client: { maxRetries: 3, fetch } });
    await rejectionOf(client.chat.completions.create(aChat('x', fields), { headers }));
    expect(seen.map((answer) => answer.status)).toEqual([status]);
  });
});
