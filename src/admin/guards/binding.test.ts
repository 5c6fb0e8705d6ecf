import { describe, expect, it } from 'vitest';
import { SignalboxError } from '../../domain/index.ts';
import { isLoopback, requireSafeBinding } from './binding.ts';

describe('a loopback address', () => {
  it.each([
    '127.0.0.1',
    '127.9.9.9',
    '::1',
    '[::1]',
    '::ffff:127.0.0.1',
    'localhost',
    'LOCALHOST',
    'a.localhost',
  ])('is %s', (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  it.each([
    '',
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '127.0.0.1.evil.test',
    '127.evil.test',
    'evil.test',
    'localhost.evil.test',
    '::ffff:10.0.0.1',
    '2001:db8::1',
  ])('is not %j', (host) => {
    expect(isLoopback(host)).toBe(false);
  });
});

describe('opening the controls', () => {
  it.each([
    { host: '127.0.0.1' },
    { host: '0.0.0.0', token: 'hush' },
    { host: '0.0.0.0', isInsecure: true },
    { host: 'localhost', token: 'hush' },
  ])('is allowed with %j', (binding) => {
    expect(() => requireSafeBinding(binding)).not.toThrow();
  });

  it('to other machines without a token is refused, with what would be allowed', () => {
    expect(() => requireSafeBinding({ host: '0.0.0.0' })).toThrow(
      'The control listener would be open to other machines: found host "0.0.0.0" and no token. ' +
        'Allowed is a loopback address (127.0.0.1, ::1, localhost), or a token, or insecure: true.',
    );
  });

  it.each(['', '  '])('with the empty token %j is refused even on loopback', (token) => {
    expect(() => requireSafeBinding({ host: '127.0.0.1', token })).toThrow(SignalboxError);
  });
});
