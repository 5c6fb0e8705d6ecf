import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Config } from './config.ts';
import { loadConfig } from './load-config.ts';
import { type ConfigWatcher, watchConfig } from './watch-config.ts';

let folder: string;
let file: string;
let watcher: ConfigWatcher | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-watch-'));
  file = join(folder, 'signalbox.yaml');
});
afterEach(async () => {
  await watcher?.close();
  watcher = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function watchFrom(text: string) {
  writeFileSync(file, text);
  const initial = loadConfig(file);
  if (!initial.ok) throw new Error('the first configuration is not valid');
  const onChange = vi.fn<(config: Config) => void>();
  const onError = vi.fn();
  watcher = await watchConfig(file, { initial: initial.config, pollMs: 10, onChange, onError });
  return { watcher, onChange, onError };
}

const until = (condition: () => void) => vi.waitFor(condition, { timeout: 10_000, interval: 5 });

describe('watchConfig', () => {
  it('hands over a valid change without being asked', async () => {
    const watching = await watchFrom('seed: 1');
    writeFileSync(file, 'seed: 2');
    await until(() => expect(watching.onChange).toHaveBeenCalledTimes(1));
    expect(watching.onChange.mock.calls[0]?.[0].seed).toBe(2);
    expect(watching.watcher.current.seed).toBe(2);
  });

  it('goes on after a mistake', async () => {
    const watching = await watchFrom('seed: 1');
    writeFileSync(file, 'seed: [');
    await until(() => expect(watching.onError).toHaveBeenCalledTimes(1));
    writeFileSync(file, 'seed: 3');
    await until(() => expect(watching.onChange).toHaveBeenCalledTimes(1));
    expect(watching.watcher.current.seed).toBe(3);
  });

  it('reads at once when it is asked to', async () => {
    const watching = await watchFrom('seed: 1');
    writeFileSync(file, 'seed: 4');
    const results = await Promise.all([watching.watcher.reload(), watching.watcher.reload()]);
    expect(results.map(({ ok }) => ok)).toEqual([true, true]);
    expect(watching.watcher.current.seed).toBe(4);
  });

  it('looks no more once it is closed', async () => {
    const watching = await watchFrom('seed: 1');
    await watching.watcher.close();
    writeFileSync(file, 'seed: 5');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(watching.onChange).not.toHaveBeenCalled();
    expect(watching.watcher.current.seed).toBe(1);
  });
});
