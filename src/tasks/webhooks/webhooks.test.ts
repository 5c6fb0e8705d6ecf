import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { queueRooms } from '../__fixtures__/queue-room.ts';
import { DEFAULT_TASK_SETTINGS } from '../settings.ts';
import { signatureOf, webhookHeaders } from './signature.ts';

const { open, cleanup } = queueRooms();

const QUICK = {
  ...DEFAULT_TASK_SETTINGS.webhooks,
  allowedCidrs: ['127.0.0.0/8'],
  retryBackoff: { baseMs: 5, maxMs: 20 },
};

interface Told {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

async function receiver(answer: (response: ServerResponse, number: number) => void) {
  const told: Told[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    told.push({ headers: request.headers, body });
    answer(response, told.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup(async () => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, told };
}

const fine = (response: ServerResponse) => void response.end('ok');

describe('a webhook', () => {
  it('is told of the end of its task, signed over its id, time and body', async () => {
    const room = await open({ settings: { webhooks: { ...QUICK, secret: 'hush' } } });
    const { url, told } = await receiver(fine);
    await room.addTaskInstance();
    const id = await room.submitOne({ webhook: { url } });
    await expect.poll(() => told.length).toBe(1);
    const { headers, body } = told[0]!;
    const timestamp = headers['webhook-timestamp'];
    const digest = createHmac('sha256', 'hush').update(`${id}.${timestamp}.${body}`).digest('base64');
    expect(headers).toMatchObject({
      'webhook-id': id,
      'webhook-signature': `v1,${digest}`,
      'content-type': 'application/json',
    });
    expect(JSON.parse(body)).toMatchObject({
      type: 'task.completed',
      data: { task_id: id, task_status: 'completed', model_name: 'model-x' },
    });
  });

  it('is told again, with the same id, until it takes the news', async () => {
    const room = await open({ settings: { webhooks: QUICK } });
    const { url, told } = await receiver((response, number) => {
      response.writeHead(number < 3 ? 500 : 204).end();
    });
    await room.addTaskInstance();
    const id = await room.submitOne({ webhook: { url } });
    await expect.poll(() => told.length).toBe(3);
    expect(told.map(({ headers }) => headers['webhook-id'])).toEqual([id, id, id]);
    await expect.poll(() => room.store().nextWebhookMs()).toBeUndefined();
  });

  it('is given up after its tries, and at once when it is gone for good', async () => {
    const room = await open({ settings: { webhooks: { ...QUICK, maxTries: 2 } } });
    const failing = await receiver((response) => void response.writeHead(500).end());
    const gone = await receiver((response) => void response.writeHead(410).end());
    await room.addTaskInstance();
    await room.submitOne({ webhook: { url: failing.url } });
    await room.submitOne({ webhook: { url: gone.url } });
    await expect.poll(() => [failing.told.length, gone.told.length]).toEqual([2, 1]);
    await expect.poll(() => room.store().nextWebhookMs()).toBeUndefined();
  });

  it('that hangs blocks neither tasks nor other webhooks', async () => {
    const room = await open({ settings: { webhooks: { ...QUICK, timeoutMs: 60_000 } } });
    const hanging = await receiver(() => undefined);
    const { url, told } = await receiver(fine);
    await room.addTaskInstance();
    await room.submitOne({ webhook: { url: hanging.url } });
    await expect.poll(() => hanging.told.length).toBe(1);
    await room.submitOne({ webhook: { url } });
    await expect.poll(() => told.length).toBe(1);
  });

  it('that hangs is given up after its time, and told again', async () => {
    const room = await open({ settings: { webhooks: { ...QUICK, timeoutMs: 30 } } });
    const { url, told } = await receiver((response, number) => {
      if (number > 1) response.end();
    });
    await room.addTaskInstance();
    await room.submitOne({ webhook: { url } });
    await expect.poll(() => told.length).toBe(2);
  });

  it('is never told at an address that is not allowed', async () => {
    const room = await open({ settings: { webhooks: { ...QUICK, allowedCidrs: [], maxTries: 1 } } });
    const { url, told } = await receiver(fine);
    await room.addTaskInstance();
    // What its name leads to is seen when it is called.
    const named = url.replace('127.0.0.1', 'localhost');
    const id = await room.submitOne({ webhook: { url: named } });
    await room.service.wait(id, 10_000);
    await expect.poll(() => room.store().nextWebhookMs()).toBeUndefined();
    expect(told).toEqual([]);
    await expect(room.submitOne({ webhook: { url } })).rejects.toMatchObject({
      code: 'invalid_value',
      param: 'webhook.url',
    });
  });
});

describe('a signature', () => {
  it('is what the specification gives as its example', () => {
    // https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    const message = {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestampSeconds: 1_614_265_330,
      body: '{"test": 2432232314}',
    };
    const signature = signatureOf(message, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    expect(signature).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('is left out without a secret', () => {
    expect(webhookHeaders({ id: 'a', timestampSeconds: 1, body: '' }, undefined)).toEqual({
      'webhook-id': 'a',
      'webhook-timestamp': '1',
    });
  });
});
