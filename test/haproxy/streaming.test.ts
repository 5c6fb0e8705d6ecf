import type { ServerResponse } from 'node:http';
import { expect, it, vi } from 'vitest';
import { freePort } from '../../bench/gateway/machine/free-port.ts';
import { eventually } from '../bad-input/support/eventually.ts';
import { DONE, type Script, stream, token } from '../gateway/support/upstream.ts';
import { readerOf } from '../up/support/answers.ts';
import { cleanup, describeHaproxy, openHaproxy, openUpstreams, urlsOf } from './support/proxied.ts';

// HAProxy, three engines and Signalbox have to share what a busy machine leaves them.
vi.setConfig({ testTimeout: 60_000 });

const toClose = cleanup();

async function open(script: Script) {
  const engines = await openUpstreams(toClose, script);
  const options = { signalboxPort: await freePort(), engineUrls: urlsOf(engines) };
  const haproxy = await openHaproxy(toClose, options);
  const calls = () => engines.flatMap((engine) => engine.calls.filter(({ path }) => path !== '/health'));
  return { haproxy, calls };
}

const chat = (url: string, signal?: AbortSignal) =>
  fetch(`${url}/v1/chat/completions`, { method: 'POST', body: '{"stream":true}', signal: signal ?? null });

describeHaproxy('a streamed answer through HAProxy', () => {
  it('comes token by token, not when it is whole', async () => {
    let answer: ServerResponse | undefined;
    const { haproxy } = await open((response) => {
      answer = response;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(token('one'));
    });
    const reader = readerOf(await chat(haproxy.url));
    // Each token is sent only after the one before has arrived.
    expect(await reader.until(/one/)).toBe(token('one'));
    answer!.write(token('two'));
    expect(await reader.until(/two/)).toBe(token('one') + token('two'));
    answer!.end(DONE);
    expect(await reader.rest()).toBe(token('one') + token('two') + DONE);
  });

  it('is the engine’s, byte for byte', async () => {
    const pieces = Array.from({ length: 500 }, (_, index) => token(`Wörter ${'🚦'.repeat(index % 50)}`));
    const { haproxy } = await open(stream([...pieces, DONE]));
    const answer = await chat(haproxy.url);
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect(await answer.text()).toBe(pieces.join('') + DONE);
  });
});

describeHaproxy('a caller who goes away', () => {
  it('in the middle of a stream: the engine is told at once', async () => {
    const { haproxy, calls } = await open((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(token('one'));
    });
    const reader = readerOf(await chat(haproxy.url));
    await reader.until(/one/);
    expect(calls()[0]!.abortedAtMs).toBeUndefined();
    await reader.leave();
    await eventually(() => expect(calls()[0]!.abortedAtMs).toBeDefined());
  });

  it('before the first token: the engine is told at once', async () => {
    const { haproxy, calls } = await open(() => {});
    const caller = new AbortController();
    const answer = chat(haproxy.url, caller.signal).catch((error: Error) => error.name);
    await eventually(() => expect(calls()).toHaveLength(1));
    caller.abort();
    expect(await answer).toBe('AbortError');
    await eventually(() => expect(calls()[0]!.abortedAtMs).toBeDefined());
  });
});
