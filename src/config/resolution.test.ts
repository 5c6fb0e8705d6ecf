import { describe, expect, it } from 'vitest';
import { BUILT_IN_NAMES } from './names.ts';
import { Resolution } from './resolution.ts';

const FILES: Readonly<Record<string, string>> = { good: ' hunter2\n', blank: ' \n', pem: 'line 1\nline 2\n' };

function resolution(env: Record<string, string> = {}): Resolution {
  return new Resolution(BUILT_IN_NAMES, env, (path) => {
    const content = FILES[path];
    if (content === undefined) throw Object.assign(new Error(`cannot open ${path}`), { code: 'EACCES' });
    return content;
  });
}

describe('a secret', () => {
  it('that is not given is not there, and that is no mistake', () => {
    const one = resolution();
    expect(one.secret({}, 'token', [])).toBeUndefined();
    expect(one.findings).toEqual([]);
  });

  it.each([
    ['as it is', { token: 'hunter2' }],
    ['by a variable', { token_env: 'TOKEN' }],
    ['by a file', { token_file: 'good' }],
  ])('is given %s', (_how, section) => {
    const one = resolution({ TOKEN: 'hunter2' });
    expect(one.secret(section, 'token', ['listeners'])?.reveal()).toBe('hunter2');
    expect(one.findings).toEqual([]);
  });

  it.each([
    [
      'a variable that is not set',
      { token_env: 'NONE' },
      'x.token_env: the environment variable NONE is not set',
    ],
    [
      'a variable that is empty',
      { token_env: 'EMPTY' },
      'x.token_env: the environment variable EMPTY is empty',
    ],
    [
      'a file that cannot be read',
      { token_file: 'none' },
      'x.token_file: the file "none" cannot be read (EACCES)',
    ],
    ['a file that is empty', { token_file: 'blank' }, 'x.token_file: the file "blank" is empty'],
    [
      'a file of two lines',
      { token_file: 'pem' },
      'x.token_file holds a line break or another control character',
    ],
    ['a text of two lines', { token: 'a\r\nb' }, 'x.token holds a line break or another control character'],
  ])('is missed in %s', (_where, section, message) => {
    const one = resolution({ EMPTY: '' });
    expect(one.secret(section, 'token', ['x'])).toBeUndefined();
    expect(one.findings).toMatchObject([{ severity: 'mistake', message }]);
    expect(one.findings[0]?.path).toEqual(['x', Object.keys(section)[0]]);
  });

  it('given twice is used, and complained of', () => {
    const one = resolution();
    expect(one.secret({ token: 'a', token_file: 'good' }, 'token', ['x'])?.reveal()).toBe('a');
    expect(one.findings).toMatchObject([
      {
        path: ['x', 'token_file'],
        isAboutKey: true,
        message: 'x.token and token_file are both given; one of them is allowed',
      },
    ]);
  });

  it.each(['ca', 'cert', 'key'] as const)('that is a PEM file (%s) may have lines', (name) => {
    const one = resolution();
    const section = { [`${name}_file`]: 'pem' } as Record<string, string>;
    expect(one.secret(section as Parameters<typeof one.secret>[0], name, [])?.reveal()).toBe(
      'line 1\nline 2',
    );
  });

  it.each(['sk-live-1', 'hf_abc', 'lower_case'])(
    'written in place of a variable’s name (%s) is not shown',
    (name) => {
      const one = resolution();
      one.secret({ token_env: name }, 'token', []);
      expect(JSON.stringify(one.findings)).not.toContain(name);
    },
  );
});

describe('findings', () => {
  it('are mistakes or warnings, about the value unless they say otherwise', () => {
    const one = resolution();
    one.mistake({ path: ['a'], message: 'wrong' });
    one.warn({ path: ['b'], isAboutKey: true, message: 'odd' });
    expect(one.findings).toEqual([
      { path: ['a'], severity: 'mistake', isAboutKey: false, message: 'wrong' },
      { path: ['b'], severity: 'warning', isAboutKey: true, message: 'odd' },
    ]);
  });
});
