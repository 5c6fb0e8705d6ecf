import { mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConfigChange } from './changes.ts';
import type { Config } from './config.ts';
import { ConfigReloader } from './config-reloader.ts';
import { type LoadOptions, loadConfig } from './load-config.ts';

let folder: string;
let file: string;
let news: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-reload-'));
  file = join(folder, 'signalbox.yaml');
  news = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (text: string) => writeFileSync(file, text);

/** A watcher of `file`, which tells its news as words: what changed, or what is wrong. */
async function startOn(text: string, options: LoadOptions = {}): Promise<ConfigReloader> {
  write(text);
  const initial = loadConfig(file, options);
  if (!initial.ok) throw new Error('the first configuration is not valid');
  return await ConfigReloader.start(file, initial.config, tellNews(), options);
}

function tellNews() {
  return {
    onChange: (_config: Config, { changed }: ConfigChange) => {
      news.push(changed.length === 0 ? 'as before' : changed.join(' '));
    },
    onError: (problems: readonly { message: string }[]) => {
      news.push(`error: ${problems.map(({ message }) => message).join('; ')}`);
    },
  };
}

async function look(reloader: ConfigReloader, times: number): Promise<void> {
  for (let time = 0; time < times; time++) await reloader.poll();
}

describe('a file that stays as it is', () => {
  it('makes no news', async () => {
    const reloader = await startOn('seed: 1');
    await look(reloader, 5);
    expect(news).toEqual([]);
  });

  it('makes none either when it is touched, or written anew with the same content', async () => {
    const reloader = await startOn('seed: 1');
    utimesSync(file, 1, 1);
    await look(reloader, 3);
    write('seed: 1');
    await look(reloader, 3);
    expect(news).toEqual([]);
  });
});

describe('a file that changes', () => {
  it('is taken over once two looks saw the same', async () => {
    const reloader = await startOn('seed: 1');
    write('seed: 2');
    await look(reloader, 1);
    expect(news).toEqual([]);
    await look(reloader, 1);
    expect(news).toEqual(['seed']);
    expect(reloader.current.seed).toBe(2);
    await look(reloader, 3);
    expect(news).toHaveLength(1);
  });

  it('is not taken over while somebody is still writing', async () => {
    const reloader = await startOn('seed: 1');
    for (const text of [
      'seed: 2\nqueue: {max',
      'seed: 2\nqueue: {maxReq',
      'seed: 2\nqueue: {maxRequests: 7}',
    ]) {
      write(text);
      await look(reloader, 1);
    }
    expect(news).toEqual([]);
    await look(reloader, 1);
    expect(news).toEqual(['queue.maxRequests seed']);
  });

  it('is noticed when its size stays the same', async () => {
    const reloader = await startOn('seed: 1');
    write('seed: 3');
    await look(reloader, 2);
    expect(reloader.current.seed).toBe(3);
  });

  it('is noticed when it is replaced by renaming, even by one with the same time and size', async () => {
    const reloader = await startOn('seed: 1');
    utimesSync(file, 1_000, 1_000);
    await look(reloader, 2);
    writeFileSync(`${file}.new`, 'seed: 4');
    utimesSync(`${file}.new`, 1_000, 1_000);
    renameSync(`${file}.new`, file);
    await look(reloader, 2);
    expect(news).toEqual(['seed']);
  });

  it('is noticed when it is a link that is turned to another file, as Kubernetes does', async () => {
    for (const name of ['one', 'two'])
      writeFileSync(join(folder, name), `seed: ${name.length + (name === 'two' ? 1 : 0)}`);
    symlinkSync(join(folder, 'one'), file);
    const initial = loadConfig(file);
    if (!initial.ok) throw new Error('the first configuration is not valid');
    const reloader = await ConfigReloader.start(file, initial.config, tellNews());
    symlinkSync(join(folder, 'two'), `${file}.new`);
    renameSync(`${file}.new`, file);
    await look(reloader, 2);
    expect(news).toEqual(['seed']);
  });

  it('may be deleted and come back', async () => {
    const reloader = await startOn('seed: 1');
    unlinkSync(file);
    await look(reloader, 4);
    expect(news).toEqual([`error: the file ${JSON.stringify(file)} cannot be read: ENOENT`]);
    expect(reloader.current.seed).toBe(1);
    write('seed: 5');
    await look(reloader, 2);
    expect(news.slice(1)).toEqual(['seed']);
  });

  it('may have changed between being loaded and being watched', async () => {
    write('seed: 1');
    const initial = loadConfig(file);
    if (!initial.ok) throw new Error('the first configuration is not valid');
    write('seed: 2');
    const reloader = await ConfigReloader.start(file, initial.config, tellNews());
    await look(reloader, 2);
    expect(news).toEqual(['seed']);
  });
});

describe('a file that becomes wrong', () => {
  it('leaves the configuration in force, and is told of once', async () => {
    const reloader = await startOn('seed: 1');
    write('seed: x');
    await look(reloader, 5);
    expect(news).toEqual(['error: seed must be a whole number from 0 to 4294967295, found "x"']);
    expect(reloader.current.seed).toBe(1);
  });

  it('is told of again when it is wrong in another way', async () => {
    const reloader = await startOn('seed: 1');
    write('seed: x');
    await look(reloader, 2);
    write('seed: y');
    await look(reloader, 2);
    expect(news).toHaveLength(2);
  });

  it('and is put right again, is told of even if it says the same as before', async () => {
    const reloader = await startOn('seed: 1');
    write('seed: x');
    await look(reloader, 2);
    write('seed: 1');
    await look(reloader, 2);
    expect(news.slice(1)).toEqual(['as before']);
  });
});

describe('the file of a secret', () => {
  it('that is rotated is a change', async () => {
    writeFileSync(join(folder, 'token'), 'old');
    const reloader = await startOn('listeners: {control: {token_file: token}}');
    await look(reloader, 3);
    writeFileSync(join(folder, 'token'), 'new');
    await look(reloader, 2);
    expect(news).toEqual(['listeners.control.token']);
    expect(reloader.current.listeners.control.token?.reveal()).toBe('new');
  });

  it('is watched also when a change brings it in', async () => {
    writeFileSync(join(folder, 'token'), 'old');
    const reloader = await startOn('');
    write('listeners: {control: {token_file: token}}');
    await look(reloader, 3);
    writeFileSync(join(folder, 'token'), 'new');
    await look(reloader, 3);
    expect(news).toEqual(['listeners.control.token', 'listeners.control.token']);
  });
});

describe('reload', () => {
  it('reads the file at once', async () => {
    const reloader = await startOn('seed: 1');
    write('seed: 2');
    expect(await reloader.reload()).toMatchObject({ ok: true, config: { seed: 2 } });
    expect(news).toEqual(['seed']);
    await look(reloader, 3);
    expect(news).toHaveLength(1);
  });

  it('tells that nothing changed', async () => {
    const reloader = await startOn('seed: 1');
    expect((await reloader.reload()).ok).toBe(true);
    expect(news).toEqual(['as before']);
  });

  it('tells what is wrong, each time that it is asked', async () => {
    const reloader = await startOn('seed: 1');
    write('seed: x');
    expect((await reloader.reload()).ok).toBe(false);
    expect((await reloader.reload()).ok).toBe(false);
    expect(news).toHaveLength(2);
    expect(reloader.current.seed).toBe(1);
  });

  it('keeps to what the command line said', async () => {
    const overrides = { seed: 9 };
    const reloader = await startOn('queue: {maxRequests: 1}', { overrides });
    write('queue: {maxRequests: 2}');
    await reloader.reload();
    expect(reloader.current).toMatchObject({ seed: 9, queue: { maxRequests: 2 } });
  });
});
