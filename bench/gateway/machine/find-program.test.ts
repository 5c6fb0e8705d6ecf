import { describe, expect, it } from 'vitest';
import { findProgram, firstVersion, missingProgram, programVersion } from './find-program.ts';

describe('a program', () => {
  it('is found with its full path', () => {
    expect(findProgram('sh')).toMatch(/^\/.*\/sh$/);
    expect(missingProgram('sh')).toBeUndefined();
  });

  it('that is not there is said to be missing, with what to do', () => {
    expect(findProgram('no-such-proxy')).toBeUndefined();
    expect(missingProgram('no-such-proxy')).toBe(
      'no-such-proxy is not installed (Debian and Ubuntu: apt-get install -y no-such-proxy)',
    );
    expect(programVersion('no-such-proxy', '-v')).toBe('not installed');
  });

  it('tells its version, also when it does so on the error output', () => {
    expect(programVersion('node', '--version')).toMatch(/^\d+\.\d+\.\d+$/);
  });
});

describe('the version in a text', () => {
  it.each([
    ['HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/', '2.6.12-1+deb12u4'],
    ['nginx version: nginx/1.22.1', '1.22.1'],
    ['wrk debian/4.1.0-3+b2 [epoll] Copyright (C) 2012 Will Glozer', '4.1.0-3+b2'],
    ['no number at all', 'unknown'],
  ])('%s', (text, version) => {
    expect(firstVersion(text)).toBe(version);
  });
});
