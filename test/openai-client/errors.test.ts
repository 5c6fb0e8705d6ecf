/** Each failure arrives as the class of error that OpenAI's client has for it, with our code. */

import { createHash } from 'node:crypto';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { until } from '../../src/gateway/transport/conformance/until.ts';
import { aChat, aClient, MODEL, openStacks, rejectionOf } from './support/stack.ts';

const startStack = openStacks();

const KEYS = {
  keys: {
    web: {
      sha256: createHash('sha256').update('sk-web').digest('hex'),
      tenant: 'web-team',
      models: [MODEL, 'not-served'],
      maxPriority: 'NORMAL' as const,
    },
  },
};

describe('API keys', () => {
  it('let their bearers in, as the tenant and within the class they are for', async () => {
    const { client, gateway } = await startStack({ intake: KEYS, client: { apiKey: 'sk-web' } });
    await client.chat.completions.create(aChat(), { headers: { 'x-signalbox-priority': 'critical' } });
    expect(gateway.observer.record).toMatchObject({ tenant: 'web-team', priority: 'NORMAL' });
  });

  it.each(['sk-wrong', 'SK-WEB'])('%s is an AuthenticationError', async (apiKey) => {
    const { client, engines } = await startStack({ intake: KEYS, client: { apiKey } });
    const error = await rejectionOf(client.chat.completions.create(aChat()));
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(error).toMatchObject({ status: 401, code: 'invalid_api_key', type: 'authentication_error' });
    expect(String(error)).not.toContain(apiKey);
    expect(engines[0]?.engine.gauges().requestsFinishedTotal).toBe(0);
  });

  it('for other models are a PermissionDeniedError', async () => {
    const { client } = await startStack({ intake: KEYS, client: { apiKey: 'sk-web' } });
    const error = await rejectionOf(client.chat.completions.create(aChat('x', { model: 'gpt-4o' })));
    expect(error).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(error).toMatchObject({ status: 403, code: 'model_not_allowed', param: 'model' });
  });

  it('see their own models only', async () => {
    const { client } = await startStack({ intake: KEYS, client: { apiKey: 'sk-web' } });
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual([MODEL]);
  });
});

describe('what cannot be found', () => {
  it('is a NotFoundError that names the models there are', async () => {
    const { client } = await startStack();
    const asked = [
      () => client.chat.completions.create(aChat('x', { model: 'llama-3-7b' })),
      () => client.models.retrieve('llama-3-7b'),
    ];
    for (const ask of asked) {
      const error = await rejectionOf(ask());
      expect(error).toBeInstanceOf(OpenAI.NotFoundError);
      expect(error).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });
      expect(String(error)).toContain(`Did you mean '${MODEL}'?`);
    }
  });

  it('is a NotFoundError for a path, which asks whether /v1 was forgotten', async () => {
    const { gateway } = await startStack();
    const error = await rejectionOf(
      aClient(gateway, { baseURL: gateway.url }).chat.completions.create(aChat()),
    );
    expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    expect(error).toMatchObject({ code: 'unknown_path' });
    expect(String(error)).toContain('Did you mean /v1/chat/completions?');
  });
});

describe('what is wrong with a request', () => {
  it.each([
    [{ messages: [] }, 'missing_field', 'messages'],
    [{ messages: 'Hello' }, 'invalid_value', 'messages'],
    [{ max_tokens: -1 }, 'invalid_value', 'max_tokens'],
    [{ stream: 'yes' }, 'invalid_value', 'stream'],
    [{ model: '' }, 'missing_field', 'model'],
  ])('is a BadRequestError: %j', async (fields, code, param) => {
    const { client, gateway } = await startStack();
    const error = await rejectionOf(client.chat.completions.create(aChat('x', fields)));
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({ status: 400, code, param, type: 'invalid_request_error' });
    expect(gateway.held()).toBe(0);
  });

  it('is a BadRequestError for a hint', async () => {
    const { client } = await startStack();
    const headers = { 'x-signalbox-deadline-ms': 'soon' };
    const error = await rejectionOf(client.chat.completions.create(aChat(), { headers }));
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({ code: 'invalid_value', param: 'x-signalbox-deadline-ms' });
  });

  it('is an APIError of 413 for a body that is too large', async () => {
    const { client } = await startStack({ intake: { maxBodyBytes: 1000 }, settings: { maxBodyBytes: 1000 } });
    const error = await rejectionOf(client.chat.completions.create(aChat('x'.repeat(2000))));
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ status: 413, code: 'request_too_large' });
  });

  it('is what the engine says of it, where that is who finds it', async () => {
    const { client, gateway } = await startStack();
    const error = await rejectionOf(client.chat.completions.create(aChat('word '.repeat(200_000))));
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({ status: 400 });
    expect((error as InstanceType<typeof OpenAI.APIError>).headers?.get('x-signalbox-instance')).toBe('i0');
    expect(gateway.observer.record).toMatchObject({ outcome: 'failed', status: 400, attempts: 1 });
  });
});

describe('what could not be served', () => {
  const LONG = { max_tokens: 2000, ignore_eos: true };

  it('is a RateLimitError with a wait where the queue is full', async () => {
    const stack = await startStack({
      window: 1,
      speed: 1,
      scheduler: { admission: { maxRequests: 1, maxTokens: 1e9 } },
    });
    const leaving = new AbortController();
    const start = () =>
      rejectionOf(stack.client.chat.completions.create(aChat('x', LONG), { signal: leaving.signal }));
    const others = [start(), start()];
    await until(() => stack.gateway.held() === 2, 'one runs and one waits');
    const error = await rejectionOf(stack.client.chat.completions.create(aChat()));
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(error).toMatchObject({ status: 429, code: 'queue_full', type: 'rate_limit_error' });
    const { headers } = error as InstanceType<typeof OpenAI.RateLimitError>;
    expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(headers.get('x-should-retry')).toBe('true');
    leaving.abort();
    await Promise.all(others);
  });

  it('is an APIError of 504 where its deadline passed while it waited, and is not tried again', async () => {
    const stack = await startStack({ window: 1, speed: 1, client: { maxRetries: 2 } });
    const leaving = new AbortController();
    const running = rejectionOf(
      stack.client.chat.completions.create(aChat('x', LONG), { signal: leaving.signal }),
    );
    await until(() => stack.busyEngines() === 1, 'the first runs');
    const headers = { 'x-signalbox-deadline-ms': '50' };
    const error = await rejectionOf(stack.client.chat.completions.create(aChat(), { headers }));
    expect(error).toMatchObject({ status: 504, code: 'deadline_exceeded', type: 'timeout_error' });
    expect(stack.gateway.observer.starts).toBe(2);
    leaving.abort();
    await running;
  });

  it('is an InternalServerError of 503 with a wait where no engine is left', async () => {
    const stack = await startStack({ scheduler: { noInstanceWaitMs: 50 } });
    stack.gateway.scheduler.tellFleet({ type: 'instance-health', instanceId: 'i0', isHealthy: false });
    const error = await rejectionOf(stack.client.chat.completions.create(aChat()));
    expect(error).toBeInstanceOf(OpenAI.InternalServerError);
    expect(error).toMatchObject({ status: 503, code: 'no_instance_available' });
    expect((error as InstanceType<typeof OpenAI.APIError>).headers?.get('retry-after')).toMatch(/^\d+$/);
  });

  it('is an InternalServerError where the only engine fails', async () => {
    const { client } = await startStack({ engines: [['500']] });
    const error = await rejectionOf(client.chat.completions.create(aChat()));
    expect(error).toBeInstanceOf(OpenAI.InternalServerError);
  });

  it('is an APIConnectionError where nobody listens', async () => {
    const { client, gateway } = await startStack();
    await gateway.gateway.close(0);
    expect(await rejectionOf(client.chat.completions.create(aChat()))).toBeInstanceOf(
      OpenAI.APIConnectionError,
    );
  });
});
