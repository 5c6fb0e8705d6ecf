import { describe, expect, it } from 'vitest';
import type { TraceRequest } from '../../simulator/index.ts';
import { type BodyOptions, PATHS, requestBody } from './request-body.ts';

const request: TraceRequest = { arrivalMs: 0, promptTokens: 2, outputTokens: 9, line: 1 };
const options: BodyOptions = { endpoint: 'chat', model: 'm', ignoreEos: true };

function body(given: Partial<TraceRequest> = {}, wanted: Partial<BodyOptions> = {}): unknown {
  return JSON.parse(requestBody({ ...request, ...given }, ' the cat', { ...options, ...wanted }));
}

describe('requestBody', () => {
  it('is a chat of one message', () => {
    expect(body()).toMatchObject({
      model: 'm',
      messages: [{ role: 'user', content: ' the cat' }],
      max_tokens: 9,
    });
    expect(PATHS.chat).toBe('/v1/chat/completions');
  });

  it('is a prompt for completions', () => {
    expect(body({}, { endpoint: 'completions' })).toMatchObject({ prompt: ' the cat' });
    expect(body({}, { endpoint: 'completions' })).not.toHaveProperty('messages');
  });

  it('always streams, with usage at the end', () => {
    expect(body()).toMatchObject({ stream: true, stream_options: { include_usage: true } });
  });

  it('asks to go on to the end only if wanted', () => {
    expect(body()).toHaveProperty('ignore_eos', true);
    expect(body({}, { ignoreEos: false })).not.toHaveProperty('ignore_eos');
  });

  it("names the trace's tenant as the user", () => {
    expect(body({ tenant: 'blue' })).toHaveProperty('user', 'blue');
    expect(body()).not.toHaveProperty('user');
  });
});
