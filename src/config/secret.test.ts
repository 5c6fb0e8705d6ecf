import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSecretKey, maskLine, Secret } from './secret.ts';

describe('Secret', () => {
  it('gives its value only when asked to reveal it', () => {
    const secret = new Secret('hunter2');
    expect(secret.reveal()).toBe('hunter2');
    expect(String(secret)).toBe('[secret]');
    expect(JSON.stringify({ secret })).toBe('{"secret":"[secret]"}');
    expect(inspect({ secret })).toBe('{ secret: [secret] }');
    expect(`${secret}`).not.toContain('hunter2');
    expect(Object.values(secret)).toEqual([]);
  });

  it('shows itself nowhere, whatever its value', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 9 }), (value) => {
        const secret = new Secret(value);
        const shown = [
          inspect(secret, { showHidden: true, depth: 9 }),
          JSON.stringify([secret]),
          `${secret}`,
        ];
        return shown.every((text) => !text.includes(value));
      }),
    );
  });

  it.each([
    ['the same text', 'hunter2', true],
    ['another text of the same length', 'hunter3', false],
    ['a longer text', 'hunter22', false],
    ['the empty text', '', false],
    ['an equal secret', new Secret('hunter2'), true],
    ['another secret', new Secret('other'), false],
  ])('compares with %s', (_what, other, isEqual) => {
    expect(new Secret('hunter2').equals(other)).toBe(isEqual);
  });
});

describe('isSecretKey', () => {
  it.each(['token', 'apiKey', 'password', 'sha256', 'key', 'token_env'])('%s holds a secret', (key) => {
    expect(isSecretKey(key)).toBe(true);
  });

  it.each(['url', 'maxTokens', 'token_file', 'keys', 'bytesPerToken', 0, undefined])(
    '%s holds none',
    (key) => {
      expect(isSecretKey(key)).toBe(false);
    },
  );
});

describe('maskLine', () => {
  it.each([
    ['    token: hunter2', '    token: *******'],
    ['  - apiKey: sk-1 # mine', '  - apiKey: ***********'],
    ['api_key: sk-1', 'api_key: ****'],
    ['{"apiKey": "sk-1", "url": 3}', '{"apiKey": *****************'],
    ['"password":"x"', '"password":***'],
    ['control: {token: abc, port: 1}', 'control: {token: *************'],
    ['url: http://ann:pw@host:1', 'url: http://******@host:1'],
    ['token_env: sk-live-1', 'token_env: *********'],
    ['    MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw', `    ${'*'.repeat(36)}`],
  ])('hides the secret of %j', (line, masked) => {
    expect(maskLine(line)).toBe(masked);
    expect(masked).toHaveLength(line.length);
  });

  it.each([
    'maxTokens: 5',
    'tokenEstimate: {bytesPerToken: 4}',
    'token_file: /run/secrets/token',
    'keys:',
    'url: http://engine.of.a.quite.long.name.example.org:8000',
    'aliases: {gpt-4o: llama-3-8b}',
    'a: b: c',
    '',
  ])('leaves %j as it is', (line) => {
    expect(maskLine(line)).toBe(line);
  });

  it('never changes the length of a line, so that a caret stays under its column', () => {
    fc.assert(fc.property(fc.string(), (line) => maskLine(line).length === line.length));
  });
});
