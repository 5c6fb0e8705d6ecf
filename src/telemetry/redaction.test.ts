import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SignalboxError } from '../domain/index.ts';
import { REDACTED, redactForLog, redactSecrets, redactText } from './redaction.ts';

describe('text', () => {
  it.each([
    ['Authorization: Bearer abcdef123456', `Authorization: Bearer ${REDACTED}`],
    ['basic dXNlcjpwYXNzd29yZA==', `basic ${REDACTED}`],
    ['GET /x?token=hush&limit=3', `GET /x?token=${REDACTED}&limit=3`],
    ['/x?limit=3&api_key=hush', `/x?limit=3&api_key=${REDACTED}`],
    ['connect http://me:hush@gpu-1:8000/v1 failed', `connect http://${REDACTED}@gpu-1:8000/v1 failed`],
    ['key sk-proj-abcdefgh1234 is wrong', `key ${REDACTED} is wrong`],
  ])('%s', (text, redacted) => {
    expect(redactText(text)).toBe(redacted);
  });

  it.each(['http://gpu-1:8000/v1', '120 tokens per second', 'a basic idea', '/v1/chat/completions?limit=3'])(
    '%s stays as it is',
    (text) => {
      expect(redactText(text)).toBe(text);
    },
  );
});

describe('fields', () => {
  it.each([
    'authorization',
    'Authorization',
    'api_key',
    'apiKey',
    'X-Api-Key',
    'token',
    'password',
    'Cookie',
  ])('hides %s at any depth', (field) => {
    const value = { outer: [{ inner: { [field]: 'hush', kept: 1 } }] };
    expect(redactSecrets(value)).toEqual({ outer: [{ inner: { [field]: REDACTED, kept: 1 } }] });
  });

  it.each(['prompt', 'messages', 'input', 'promptText', 'promptTokenIds', 'content', 'body'])(
    'hides %s from logs but not from a configuration',
    (field) => {
      expect(redactForLog({ [field]: ['what a user wrote'] })).toEqual({ [field]: REDACTED });
      expect(redactSecrets({ [field]: ['x'] })).toEqual({ [field]: ['x'] });
    },
  );

  it('keeps figures and names that only resemble secrets', () => {
    const harmless = { promptTokens: 3, maxTokens: 4, tokenBudget: 5, monkey: 'a', token_env: 'HF_TOKEN' };
    expect(redactForLog(harmless)).toEqual(harmless);
  });

  it('hides the values of a map of keys, and the hashes in a list of them', () => {
    expect(redactSecrets({ keys: { alice: 'hush' } })).toEqual({ keys: { alice: REDACTED } });
    expect(redactSecrets({ keys: [{ name: 'alice', sha256: 'hush' }, 'hush'] })).toEqual({
      keys: [{ name: 'alice', sha256: REDACTED }, REDACTED],
    });
  });

  it('tells of an error and its cause without what they let slip', () => {
    const cause = Object.assign(new Error('http://a:hush@b/'), { token: 'hush', code: 'ECONNREFUSED' });
    const error = new SignalboxError('upstream_unreachable', 'no answer', { cause });
    const redacted = redactForLog({ err: error });
    expect(redacted).toMatchObject({
      err: {
        type: 'SignalboxError',
        message: 'no answer',
        code: 'upstream_unreachable',
        cause: { message: `http://${REDACTED}@b/`, code: 'ECONNREFUSED', token: REDACTED },
      },
    });
    expect(JSON.stringify(redacted)).not.toContain('hush');
  });

  it('ends at a circle', () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    expect(JSON.stringify(redactForLog(circle))).toContain('[too deep]');
  });

  it('shows what has a JSON form of its own in that form', () => {
    const value = { at: new Date(0), url: new URL('http://me:hush@b/'), held: { toJSON: () => '***' } };
    expect(redactForLog(value)).toEqual({
      at: '1970-01-01T00:00:00.000Z',
      url: `http://${REDACTED}@b/`,
      held: '***',
    });
  });

  it('says how large binary data is, not what is in it', () => {
    expect(redactForLog({ chunk: Buffer.from('hush') })).toEqual({ chunk: '[4 bytes]' });
  });

  it('lets no secret through, wherever in a value it lies', () => {
    const SECRET = 'hush-hush-hush';
    const field = fc.constantFrom('a', 'list', 'url', 'authorization', 'password', 'prompt');
    const isSecretField = (name: string) => ['authorization', 'password', 'prompt'].includes(name);
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom(1, null, true, 'plain', `Bearer ${SECRET}`, `http://u:${SECRET}@h/`),
        fc.array(tie('value'), { maxLength: 3 }),
        fc
          .array(fc.tuple(field, tie('value')), { maxLength: 3 })
          .map((pairs) =>
            Object.fromEntries(pairs.map(([name, item]) => [name, isSecretField(name) ? SECRET : item])),
          ),
      ),
    }));
    fc.assert(
      fc.property(value, (data) => {
        expect(JSON.stringify(redactForLog(data))).not.toContain(SECRET);
      }),
    );
  });
});
