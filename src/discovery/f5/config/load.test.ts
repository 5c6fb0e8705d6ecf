import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { realSurroundings } from '../../../engines/__fixtures__/surroundings.ts';
import type { Repetition } from '../../../engines/index.ts';
import type { FileChanges } from './changes.ts';
import { loadF5File, watchF5File } from './load.ts';

let folder: string;
let path: string;
let watching: Repetition | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-f5-'));
  path = join(folder, 'scheduler-config.yaml');
});
afterEach(() => {
  watching?.stop();
  rmSync(folder, { recursive: true });
});

function write(rest = '', interval: unknown = 0.02): void {
  writeFileSync(
    path,
    `global: {interval: ${interval}}\nf5: {host: h}\npools: [{name: p, engine_type: vllm}]\n${rest}`,
  );
}

async function watch() {
  const changed: FileChanges[] = [];
  const errors: string[] = [];
  watching = watchF5File(path, {
    initial: await loadF5File(path, {}),
    env: {},
    surroundings: realSurroundings(),
    onChange: (_, changes) => void changed.push(changes),
    onError: ({ message }) => void errors.push(message),
  });
  return { changed, errors };
}

const until = (check: () => unknown) => expect.poll(check, { timeout: 10_000, interval: 10 });
const names = (changes: FileChanges | undefined) =>
  Object.entries(changes ?? {}).flatMap(([name, is]) => (is ? [name] : []));

describe('loading the file', () => {
  it('gives settings and warnings', async () => {
    write('modes: []');
    const { settings, warnings } = await loadF5File(path, {});
    expect(settings.appliance?.host).toBe('h');
    expect(warnings).toContain('modes: there is none, so no member is ever chosen');
  });

  it('refuses one that is not there', async () => {
    await expect(loadF5File(path, {})).rejects.toThrow(/^Configuration file loading failed: ENOENT/);
  });
});

describe('watching the file', () => {
  it('tells what changed', async () => {
    write();
    const { changed } = await watch();
    write('modes: [{name: s2}]');
    await until(() => changed.length).toBe(1);
    expect(names(changed[0])).toEqual(['modes']);
    write('scheduler: {pool_fetch_interval: 3, metrics_fetch_interval: 1000}\nmodes: [{name: s2}]', 0.03);
    await until(() => changed.length).toBe(2);
    expect(names(changed[1])).toEqual(['global', 'interval', 'scheduler', 'poolFetchInterval']);
  });

  it('does not mind a file that only looks newer, nor a comment', async () => {
    write();
    const { changed, errors } = await watch();
    utimesSync(path, new Date(), new Date(Date.now() + 5_000));
    write('# nothing\n');
    write('modes: [{name: s2}]\n');
    await until(() => changed.length).toBe(1);
    expect(errors).toEqual([]);
  });

  it('reads one that replaces it and looks older', async () => {
    write();
    const { changed } = await watch();
    write('modes: [{name: s2}]');
    utimesSync(path, new Date(0), new Date(0));
    await until(() => changed.length).toBe(1);
  });

  it('complains once of a file that is wrong, and takes the next one that is right', async () => {
    write();
    const { changed, errors } = await watch();
    write('', 0);
    await until(() => errors.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(errors).toEqual([
      expect.stringContaining('global.interval: found 0, allowed is a number above 0'),
    ]);
    write('modes: [{name: s2}]');
    await until(() => changed.length).toBe(1);
  });

  it('complains once of a file that has gone', async () => {
    write();
    const { errors } = await watch();
    await new Promise((resolve) => setTimeout(resolve, 60));
    rmSync(path);
    await until(() => errors.length).toBe(1);
    expect(errors[0]).toContain('ENOENT');
    write('modes: [{name: s2}]');
  });
});
