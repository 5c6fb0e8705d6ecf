import { describe, expect, it } from 'vitest';
import { ERROR_KINDS, type ErrorCode, SignalboxError } from '../../domain/index.ts';
import { errorEvent } from './error-event.ts';

const FULL = new SignalboxError('queue_full', 'The queue is full.');
const ENGINE = { error: { message: 'too long', type: 'BadRequestError', param: 'input', code: 400 } };

const eventOf = (path: string, engineBody?: object, error = FULL) => {
  const frame = errorEvent(path, { error, engineBody, events: 7 });
  const [, name, data] = /^(?:event: (\w+)\n)?data: (.+)\n\n$/.exec(frame)!;
  return { name, data: JSON.parse(data!) };
};

describe('a chat’s last event', () => {
  it('is OpenAI’s error, or the engine’s own, without a name', () => {
    const error = { message: 'The queue is full.', type: FULL.type, param: null, code: 'queue_full' };
    expect(eventOf('/v1/chat/completions')).toEqual({ name: undefined, data: { error } });
    expect(eventOf('/v1/chat/completions', ENGINE).data).toEqual(ENGINE);
  });

  it('is the same of every call that has no shape of its own', () => {
    expect(eventOf('/v1/rerank')).toEqual(eventOf('/v1/completions'));
    expect(eventOf('constructor')).toEqual(eventOf('/v1/completions'));
  });
});

describe('the last event of /v1/messages', () => {
  it('is Anthropic’s', () => {
    const error = { type: 'rate_limit_error', message: 'The queue is full.' };
    expect(eventOf('/v1/messages')).toEqual({ name: 'error', data: { type: 'error', error } });
  });

  it('holds what the engine said, whose own event of that shape passes as it is', () => {
    const { data } = eventOf(
      '/v1/messages',
      ENGINE,
      new SignalboxError('upstream_error', 'The engine failed.'),
    );
    expect(data).toEqual({ type: 'error', error: { type: 'api_error', message: 'too long' } });
    const theirs = { type: 'error', error: { type: 'overloaded_error', message: 'busy' }, request_id: 'x' };
    expect(eventOf('/v1/messages', theirs).data).toEqual(theirs);
  });

  it.each(Object.keys(ERROR_KINDS) as ErrorCode[])(
    'has a type that Anthropic’s clients know for %s',
    (code) => {
      expect(eventOf('/v1/messages', undefined, new SignalboxError(code, 'x')).data.error.type).toMatch(
        /^(invalid_request|authentication|permission|not_found|rate_limit|timeout|overloaded|api)_error$|^request_too_large$/,
      );
    },
  );
});

describe('the last event of /v1/responses', () => {
  it('is OpenAI’s flat error event with the next number', () => {
    const data = {
      type: 'error',
      code: 'queue_full',
      message: 'The queue is full.',
      param: null,
      sequence_number: 7,
    };
    expect(eventOf('/v1/responses')).toEqual({ name: 'error', data });
  });

  it('holds what the engine said', () => {
    const data = { type: 'error', code: '400', message: 'too long', param: 'input', sequence_number: 7 };
    expect(eventOf('/v1/responses', ENGINE).data).toEqual(data);
    expect(eventOf('/v1/responses', { error: 'full' }).data).toMatchObject({ message: 'full', code: null });
    expect(eventOf('/v1/responses', { error: 1 }).data).toMatchObject({ code: 'queue_full' });
  });
});
