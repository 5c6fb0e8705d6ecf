import { afterEach, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway, type TestGatewayInit } from './support/test-gateway.ts';
import { DONE, json, type Script, startUpstream, stream, token, type Upstream } from './support/upstream.ts';

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function aGateway(script: Script, init: TestGatewayInit = {}): Promise<[TestGateway, Upstream]> {
  const upstream = await startUpstream(script);
  const gateway = await startTestGateway({ instances: [upstream.url], ...init });
  open.push(gateway, upstream);
  return [gateway, upstream];
}

describe('a streamed answer', () => {
  it('reaches the caller byte for byte', async () => {
    const pieces = [token('Hel'), token('lo'), token('', 'stop'), DONE];
    const [gateway] = await aGateway(stream(pieces));
    const response = await gateway.chat({ stream: true });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(await response.text()).toBe(pieces.join(''));
    expect(gateway.observer.record).toMatchObject({ outcome: 'completed', status: 200, attempts: 1 });
  });
});

describe('a whole answer', () => {
  it('reaches the caller byte for byte', async () => {
    const [gateway] = await aGateway(json({ id: 'x', usage: { prompt_tokens: 3, completion_tokens: 4 } }));
    const response = await gateway.chat();
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('{"id":"x","usage":{"prompt_tokens":3,"completion_tokens":4}}');
    expect(gateway.observer.record).toMatchObject({ promptTokens: 3, outputTokens: 4, outcome: 'completed' });
  });
});
