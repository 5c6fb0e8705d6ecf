/** A client that goes away frees what it held, in whatever window it leaves. */

import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { until } from '../../src/gateway/transport/conformance/until.ts';
import { aChat, openStacks, rejectionOf, type Stack } from './support/stack.ts';

const startStack = openStacks();

const LONG = { max_tokens: 2000, ignore_eos: true };

async function untilFree({ gateway, busyEngines }: Stack): Promise<void> {
  await until(() => gateway.held() === 0, 'the scheduler holds nothing');
  await until(() => busyEngines() === 0, 'the engines have stopped');
}

describe.each([{ stream: true }, { stream: false }])(
  'a client that leaves, with $stream for stream',
  ({ stream }) => {
    it('while its request waits', async () => {
      const stack = await startStack({ window: 1, speed: 1 });
      const first = new AbortController();
      const running = rejectionOf(
        stack.client.chat.completions.create(aChat('First', LONG), { signal: first.signal }),
      );
      await until(() => stack.busyEngines() === 1, 'the first runs');
      const leaving = new AbortController();
      const call = { ...aChat('Second', LONG), stream };
      const waiting = rejectionOf(stack.client.chat.completions.create(call, { signal: leaving.signal }));
      await until(() => stack.gateway.scheduler.queue().waitingRequests === 1, 'the second waits');
      leaving.abort();
      expect(await waiting).toBeInstanceOf(OpenAI.APIUserAbortError);
      await until(() => stack.gateway.held() === 1, 'only the first is held');
      expect(stack.gateway.observer.records).toMatchObject([
        { outcome: 'cancelled', attempts: 0, status: 499 },
      ]);
      first.abort();
      await running;
      await untilFree(stack);
    });

    it('before the first token', async () => {
      const stack = await startStack({ engines: [['slow:100']], speed: 1 });
      const leaving = new AbortController();
      const call = { ...aChat('Hello!', LONG), stream };
      const pending = rejectionOf(stack.client.chat.completions.create(call, { signal: leaving.signal }));
      await until(() => stack.busyEngines() === 1, 'it runs');
      leaving.abort();
      expect(await pending).toBeInstanceOf(OpenAI.APIUserAbortError);
      await untilFree(stack);
      expect(stack.gateway.observer.record).toMatchObject({
        outcome: 'cancelled',
        attempts: 1,
        instanceId: 'i0',
      });
    });
  },
);

describe('a client that leaves in the middle of a stream', () => {
  it('by aborting it', async () => {
    const stack = await startStack({ speed: 1 });
    const stream = await stack.client.chat.completions.create({ ...aChat('Go on', LONG), stream: true });
    let chunks = 0;
    for await (const _ of stream) if (++chunks === 3) stream.controller.abort();
    await untilFree(stack);
    expect(stack.gateway.observer.record.outcome).toBe('cancelled');
  });

  it('by leaving its loop', async () => {
    const stack = await startStack({ speed: 1 });
    for await (const _ of await stack.client.chat.completions.create({
      ...aChat('Go on', LONG),
      stream: true,
    }))
      break;
    await untilFree(stack);
    expect(stack.gateway.observer.record.outcome).toBe('cancelled');
  });

  it('by running out of time', async () => {
    const stack = await startStack({ engines: [['hang']] });
    const pending = rejectionOf(stack.client.chat.completions.create(aChat(), { timeout: 100 }));
    expect(await pending).toBeInstanceOf(OpenAI.APIConnectionTimeoutError);
    await untilFree(stack);
  });

  it('twenty times, and nothing is left', async () => {
    const stack = await startStack({ speed: 1, window: 8 });
    const leave = async (index: number) => {
      const stream = await stack.client.chat.completions.create({
        ...aChat(`Go on ${index}`, LONG),
        stream: true,
      });
      for await (const _ of stream) break;
    };
    await Promise.all(Array.from({ length: 20 }, (_, index) => leave(index)));
    await untilFree(stack);
    const completion = await stack.client.chat.completions.create(aChat());
    expect(completion.choices).toHaveLength(1);
  });
});
