/** One engine of two fails, in each way that it can; the application notices nothing, or is told plainly. */

import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { aChat, openStacks, rejectionOf, theFault } from './support/stack.ts';

const startStack = openStacks();

/** The failing engine is asked first, as the fleet is asked in turn. */
const FAILING_FIRST = { relay: { firstByteTimeoutMs: 300 } };

describe.each(['503', 'hang-before-headers', 'hang', 'reset:0', 'error-frame', 'redirect'])(
  'the first engine fails before its first token: %s',
  (fault) => {
    it('a stream comes whole from the other', async () => {
      const { client, gateway, engines } = await startStack({ ...FAILING_FIRST, engines: [[fault], []] });
      const { data, response } = await client.chat.completions
        .create({ ...aChat(), stream: true })
        .withResponse();
      let text = '';
      for await (const chunk of data) text += chunk.choices[0]?.delta.content ?? '';
      engines[0]!.faults.remove();
      const sound = await client.chat.completions.create(aChat());
      expect(text).toBe(sound.choices[0]?.message.content);
      expect(response.headers.get('x-signalbox-instance')).toBe('i1');
      expect(response.headers.get('x-signalbox-attempts')).toBe('2');
      expect(gateway.observer.retries[0]).toMatchObject({ instanceId: 'i0' });
      expect(gateway.held()).toBe(0);
    });
  },
);

describe.each(['503', 'hang-before-headers', 'redirect'])(
  'the first engine fails a whole answer: %s',
  (fault) => {
    it('it comes from the other', async () => {
      const { client, gateway } = await startStack({ ...FAILING_FIRST, engines: [[fault], []] });
      const { data, response } = await client.chat.completions.create(aChat()).withResponse();
      expect(data.usage?.completion_tokens).toBe(16);
      expect(response.headers.get('x-signalbox-instance')).toBe('i1');
      expect(gateway.observer.records).toMatchObject([
        { outcome: 'completed', attempts: 2, instanceId: 'i1' },
      ]);
    });
  },
);

describe('two engines', () => {
  it('of which one is gone serve on, without a word to anybody', async () => {
    const { client, gateway, engines } = await startStack({ engines: [[], []] });
    await engines[0]!.close();
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => client.chat.completions.create(aChat(`Question ${index}`))),
    );
    expect(answers.every(({ choices }) => choices.length === 1)).toBe(true);
    expect(gateway.observer.records.every(({ instanceId }) => instanceId === 'i1')).toBe(true);
  });

  it('of which one is full serve on, and it is nobody’s fault', async () => {
    const { client, gateway } = await startStack({ engines: [['429:count=1'], []] });
    const { response } = await client.chat.completions.create(aChat()).withResponse();
    expect(response.headers.get('x-signalbox-instance')).toBe('i1');
    const [first] = gateway.scheduler.instances();
    expect(first).toMatchObject({ consecutiveFailures: 0, state: 'ready' });
    expect(gateway.scheduler.counters()).toMatchObject({ pushedBack: 1, failed: 0 });
  });

  it('which both fail make one error, of the last', async () => {
    const { client, gateway } = await startStack({ engines: [['503'], ['503']] });
    const error = await rejectionOf(client.chat.completions.create(aChat()));
    expect(error).toBeInstanceOf(OpenAI.InternalServerError);
    expect(error).toMatchObject({ status: 503 });
    expect(gateway.observer.record).toMatchObject({ outcome: 'failed', attempts: 2 });
    expect(gateway.held()).toBe(0);
  });

  it('of which one breaks off in the middle of a stream tell of it, and never go on with another’s words', async () => {
    const { client, gateway } = await startStack({ engines: [['reset:5'], []] });
    const stream = await client.chat.completions.create({ ...aChat(), stream: true });
    let chunks = 0;
    const error = await rejectionOf(
      (async () => {
        for await (const _ of stream) chunks++;
      })(),
    );
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ code: 'upstream_disconnected', type: 'server_error' });
    expect(chunks).toBeGreaterThan(0);
    expect(gateway.observer.record).toMatchObject({ outcome: 'failed', attempts: 1, instanceId: 'i0' });
  });

  it('serve as before once a fault is over', async () => {
    const { client, engines } = await startStack({ engines: [[], []] });
    engines[0]!.faults.add(theFault('503'));
    for (let i = 0; i < 2; i++) await client.chat.completions.create(aChat());
    engines[0]!.faults.remove();
    const served = new Set<string | null>();
    for (let i = 0; i < 4; i++) {
      const { response } = await client.chat.completions.create(aChat()).withResponse();
      served.add(response.headers.get('x-signalbox-instance'));
    }
    expect(served).toEqual(new Set(['i0', 'i1']));
  });
});
