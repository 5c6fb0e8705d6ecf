import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { refusalOf } from './__fixtures__/refusal-of.ts';
import { authenticator } from './authenticate.ts';

const sha256 = (key: string) => createHash('sha256').update(key).digest('hex');

const authenticate = authenticator({
  web: { sha256: sha256('sk-web'), tenant: 'web-team', models: ['llama'], maxPriority: 'HIGH' },
  batch: { sha256: sha256('sk-batch').toUpperCase() },
});

const errorOf = (headers: Record<string, string | string[]>) => refusalOf(() => authenticate(headers));

describe('with keys configured', () => {
  it('tells what the configuration says of the key', () => {
    expect(authenticate({ authorization: 'Bearer sk-web' })).toEqual({
      name: 'web',
      tenant: 'web-team',
      models: new Set(['llama']),
      maxPriority: 'HIGH',
    });
    expect(authenticate({ authorization: 'Bearer sk-batch' })).toEqual({ name: 'batch' });
  });

  it.each([
    ['authorization', 'Bearer sk-web'],
    ['authorization', 'bearer   sk-web '],
    ['authorization', 'BEARER sk-web'],
    ['x-api-key', 'sk-web'],
    ['api-key', 'sk-web'],
  ])('takes it from %s: %s', (name, value) => {
    expect(authenticate({ [name]: value }).name).toBe('web');
  });

  it('looks at x-api-key where authorization is of another scheme', () => {
    expect(authenticate({ authorization: 'Basic dTpw', 'x-api-key': 'sk-web' }).name).toBe('web');
  });

  it('does not fall back from a wrong bearer to another header', () => {
    expect(errorOf({ authorization: 'Bearer wrong', 'x-api-key': 'sk-web' }).status).toBe(401);
  });

  it.each<[string, Record<string, string | string[]>]>([
    ['no header', {}],
    ['an empty bearer', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: 'Basic sk-web' }],
    ['two bearers', { authorization: ['Bearer sk-web', 'Bearer sk-web'] }],
    ['an empty x-api-key', { 'x-api-key': '' }],
  ])('asks for a key: %s', (_, headers) => {
    expect(errorOf(headers)).toMatchObject({
      code: 'invalid_api_key',
      status: 401,
      message: "An API key is needed: send it as 'Authorization: Bearer KEY'.",
    });
  });

  it.each(['sk-we', 'sk-webx', 'SK-WEB', sha256('sk-web')])('does not know %s', (key) => {
    expect(errorOf({ authorization: `Bearer ${key}` })).toMatchObject({
      code: 'invalid_api_key',
      message: 'This API key is not known here.',
    });
  });

  it('never repeats in an error what was presented', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', minLength: 8, maxLength: 40 }), (secret) => {
        const error = errorOf({ authorization: `Bearer zz${secret.replaceAll(/\s/g, '_')}` });
        expect(error.message).toBe('This API key is not known here.');
        expect(error.cause).toBeUndefined();
      }),
    );
  });
});

describe('without keys', () => {
  it.each([{}, { authorization: 'Bearer anything' }])('everybody may call: %j', (headers) => {
    expect(authenticator({})(headers)).toEqual({});
  });
});

describe('a digest that is none', () => {
  it.each(['', 'abc', 'g'.repeat(64), 'sk-sb-oops-the-key-itself'])(
    'is refused without repeating it: %j',
    (digest) => {
      expect(() => authenticator({ web: { sha256: digest } })).toThrow(
        `auth.keys.web.sha256 must be 64 hexadecimal digits; found ${digest.length} characters.`,
      );
    },
  );
});
