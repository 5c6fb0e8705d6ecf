import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadConfig } from './load-config.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-config-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('loadConfig', () => {
  it('reads the file', () => {
    const result = loadConfig(write('a.yaml', 'queue: {maxRequests: 5}'));
    expect(result).toMatchObject({ ok: true, config: { queue: { maxRequests: 5 } } });
  });

  it('says everything that is wrong with it', () => {
    const result = loadConfig(write('a.yaml', 'queue: {maxRequests: x}\nlogging: {level: y}'));
    expect(result).toMatchObject({ ok: false, problems: [{ line: 1 }, { line: 2 }] });
  });

  it('reads the files of secrets beside the configuration, wherever the process runs', () => {
    write('token.txt', 'hunter2\n');
    const result = loadConfig(write('a.yaml', 'listeners: {control: {token_file: token.txt}}'));
    expect(result.ok && result.config.listeners.control.token?.reveal()).toBe('hunter2');
  });

  it('reads the files of secrets at absolute paths', () => {
    const secret = write('token.txt', 'hunter2');
    const result = loadConfig(
      write('a.yaml', `listeners: {control: {token_file: ${JSON.stringify(secret)}}}`),
    );
    expect(result.ok && result.config.listeners.control.token?.reveal()).toBe('hunter2');
  });

  it('takes variables of the process, or those that it is given', () => {
    vi.stubEnv('SIGNALBOX_TEST_TOKEN', 'hunter2');
    const path = write('a.yaml', 'listeners: {control: {token_env: SIGNALBOX_TEST_TOKEN}}');
    expect(loadConfig(path).ok).toBe(true);
    expect(loadConfig(path, { env: {} }).ok).toBe(false);
  });

  it('follows links, as Kubernetes makes them', () => {
    const target = write('target.yaml', 'seed: 3');
    symlinkSync(target, join(folder, 'link.yaml'));
    expect(loadConfig(join(folder, 'link.yaml'))).toMatchObject({ ok: true, config: { seed: 3 } });
  });

  it.each([
    ['is not there', () => join(folder, 'none.yaml'), /none\.yaml" cannot be read: ENOENT$/],
    ['is a folder', () => folder, /cannot be read: EISDIR$/],
    [
      'is huge',
      () => {
        const path = write('huge.yaml', '');
        truncateSync(path, 5 * 1024 ** 3);
        return path;
      },
      /cannot be read: it has 5368709120 bytes, allowed are at most 1048576$/,
    ],
  ])('says so when the file %s', (_what, path, message) => {
    const result = loadConfig(path());
    expect(result).toMatchObject({ ok: false, problems: [{ path: '', line: 1, column: 1 }] });
    expect(!result.ok && result.problems[0]?.message).toMatch(message);
  });

  it.each([
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x3a, 0x20])],
    ['UTF-16, as some editors write it', Buffer.from('\uFEFFseed: 1', 'utf16le')],
  ])('refuses %s', (_what, bytes) => {
    const path = join(folder, 'binary.yaml');
    writeFileSync(path, bytes);
    const result = loadConfig(path);
    expect(!result.ok && result.problems[0]?.message).toMatch(/cannot be read: it is not UTF-8 text$/);
  });
});
