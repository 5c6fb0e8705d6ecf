import { describe, expect, it } from 'vitest';
import { parseConfig } from './parse-config.ts';
import { isLoopback } from './resolve-listeners.ts';

const KEYS = `auth: {keys: {ann: {sha256: ${'a'.repeat(64)}}}}`;

const listenersOf = (source: string) => {
  const result = parseConfig(source);
  return result.ok ? result.config.listeners : result.problems.map(({ path }) => path);
};

describe('the data listener', () => {
  it.each([
    ['only on this machine by default', '', '127.0.0.1'],
    ['on every address once keys are configured', KEYS, '0.0.0.0'],
    ['on every address when it is open', 'listeners: {data: {open: true}}', '0.0.0.0'],
    ['where it is told to, keys or not', `listeners: {data: {host: "::1"}}\n${KEYS}`, '::1'],
    ['on another address with keys', `listeners: {data: {host: 10.0.0.1}}\n${KEYS}`, '10.0.0.1'],
  ])('listens %s', (_what, source, host) => {
    expect(listenersOf(source)).toMatchObject({ data: { host } });
  });

  it.each(['0.0.0.0', '::', '10.0.0.1', 'gateway.example.org'])(
    'does not listen on %s for everybody',
    (host) => {
      expect(listenersOf(`listeners: {data: {host: "${host}"}}`)).toEqual(['listeners.data.host']);
    },
  );
});

describe('the control listener', () => {
  it.each(['token: t', 'insecure: true'])('listens on every address with %s', (how) => {
    expect(listenersOf(`listeners: {control: {host: 0.0.0.0, ${how}}}`)).toMatchObject({
      control: { host: '0.0.0.0' },
    });
  });

  it('does not without', () => {
    expect(listenersOf('listeners: {control: {host: 0.0.0.0}}')).toEqual(['listeners.control.host']);
  });

  it('says only that the token is missing when it is', () => {
    const source = 'listeners: {control: {host: 0.0.0.0, token_env: NONE}}';
    expect(listenersOf(source)).toEqual(['listeners.control.token_env']);
  });

  it('stays on this machine when API keys open the data listener', () => {
    expect(listenersOf(KEYS)).toMatchObject({ control: { host: '127.0.0.1' } });
  });
});

describe('one port for both', () => {
  const onPorts = (data: string, control: string) =>
    listenersOf(`listeners: {data: {port: 9, ${data}}, control: {port: 9, insecure: true, ${control}}}`);

  it.each([
    ['the same address', 'host: 127.0.0.1', 'host: 127.0.0.1'],
    ['two names of this machine', 'host: localhost', 'host: 127.0.0.1'],
    ['every address and one of them', 'open: true', 'host: 127.0.0.1'],
    ['one address and every address', 'host: 127.0.0.1', 'host: "::"'],
  ])('is refused on %s', (_what, data, control) => {
    expect(onPorts(data, control)).toEqual(['listeners.control.port']);
  });

  it('is fine on two addresses', () => {
    expect(onPorts('host: 127.0.0.1', 'host: 10.0.0.1')).toMatchObject({ control: { port: 9 } });
  });

  it('is fine when it is 0, of which each takes a free one', () => {
    expect(listenersOf('listeners: {data: {port: 0}, control: {port: 0}}')).toMatchObject({
      data: { port: 0 },
    });
  });
});

describe('isLoopback', () => {
  it.each(['127.0.0.1', '127.1.2.3', '::1', '[::1]', 'localhost', 'LOCALHOST', '::ffff:127.0.0.1'])(
    '%s is',
    (host) => {
      expect(isLoopback(host)).toBe(true);
    },
  );

  it.each(['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', 'localhost.example.org', '127.evil.org', ''])(
    '%s is not',
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );
});
