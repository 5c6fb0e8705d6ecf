import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { anInstance, aRequest, aScheduler, inShort } from '../../../test/builders.ts';
import type { Scheduler } from '../../scheduler/index.ts';
import {
  loadPolicyFile,
  type PolicyFile,
  type PolicyFileNews,
  type PolicyFileOptions,
} from './policy-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'signalbox-policy-'));
const open: PolicyFile[] = [];
let files = 0;

afterEach(() => {
  for (const file of open.splice(0)) file.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const byKey = (name: string, key: string): string => `
  import type { CustomPolicy } from 'signalbox/queueing';
  interface Sized { readonly promptTokens: number }
  const size = (request: Sized): number => request.promptTokens;
  export const policy: CustomPolicy = { name: '${name}', orderKey: (request) => ${key} };`;
const SHORTEST = byKey('shortest', 'size(request)');
const LONGEST = byKey('longest', '-size(request)');
const THROWS = `export const policy = { name: 'throws', schedule() { throw new Error('oops'); } };`;
const SLOW = `export const policy = { name: 'slow', nextRequest: (pending) => pending[0] };`;

function write(source: string, name = `policy${files++}.ts`): string {
  const path = join(folder, name);
  writeFileSync(path, source);
  return path;
}

async function load(path: string, options: PolicyFileOptions = {}) {
  const news: PolicyFileNews[] = [];
  const file = await loadPolicyFile(path, {
    pollMs: 10,
    // A busy machine makes no policy slow here; the tests of slowness bring a stopwatch of their own.
    stopwatch: () => 0,
    onNews: (one) => news.push(one),
    ...options,
  });
  open.push(file);
  return { file, news, path };
}

/** A scheduler in which `sizes` wait, by the file's policy; what goes as soon as there is an instance. */
function waiting(file: PolicyFile, ...sizes: number[]): Scheduler {
  const { scheduler } = aScheduler();
  scheduler.reconfigure({ policy: file.policy });
  for (const promptTokens of sizes) arrive(scheduler, promptTokens);
  return scheduler;
}
const arrive = (scheduler: Scheduler, promptTokens: number) =>
  scheduler.handle({ type: 'request-arrived', request: aRequest({ id: `${promptTokens}`, promptTokens }) });

function go(scheduler: Scheduler, maxConcurrency = 9): string[] {
  scheduler.handle({ type: 'instance-added', instance: anInstance('a', { maxConcurrency }) });
  return inShort(scheduler.handle({ type: 'instance-health', instanceId: 'a', isHealthy: true }));
}

describe('a policy file', () => {
  it('is TypeScript, and orders what waits', async () => {
    const { file } = await load(write(SHORTEST));
    expect(file.policy.name).toBe('shortest');
    expect(go(waiting(file, 3, 1, 2))).toEqual(['1→a', '2→a', '3→a']);
  });

  it('may make its policy of the configured parameters', async () => {
    const source = `export const createPolicy = ({ sign }) => ({ name: 'made', orderKey: (r) => sign * r.promptTokens });`;
    const { file } = await load(write(source), { parameters: { sign: -1 } });
    expect(go(waiting(file, 1, 2))).toEqual(['2→a', '1→a']);
  });

  it('may export its policy by default', async () => {
    const { file } = await load(
      write(`export default { name: 'by default', orderKey: (r) => r.arrivalMs };`),
    );
    expect(file.policy.name).toBe('by default');
  });

  it.each([
    ['is not there', undefined, /Cannot find|ENOENT|Failed to load/],
    ['is not TypeScript', 'export const policy = {', /./],
    ['throws', `throw new Error('not today');`, /not today/],
    [
      'exports something else',
      'export const rule = 1;',
      /must export `policy` or `createPolicy`, found rule/,
    ],
    [
      'exports a policy without a function',
      `export const policy = { name: 'x' };`,
      /must have one of the functions/,
    ],
  ])('is refused at the start when it %s', async (_, source, message) => {
    const path = source === undefined ? join(folder, 'nowhere.ts') : write(source);
    await expect(load(path)).rejects.toThrow(message);
  });

  it('is refused when parameters are given that it cannot take', async () => {
    await expect(load(write(SHORTEST), { parameters: { weight: 1 } })).rejects.toThrow(
      'exports a policy that takes no parameters, found weight',
    );
  });
});

describe('a policy file that changes', () => {
  it('is loaded again, and orders those anew who wait', async () => {
    const { file, news, path } = await load(write(SHORTEST));
    const scheduler = waiting(file, 3, 1, 2);
    writeFileSync(path, LONGEST);
    await vi.waitFor(() => expect(file.policy.name).toBe('longest'), { timeout: 10_000 });
    expect(go(scheduler)).toEqual(['3→a', '2→a', '1→a']);
    expect(news).toMatchObject([{ kind: 'reloaded', path }]);
  });

  it('stays as it was when the new version cannot be loaded, and is taken over once it can', async () => {
    const { file, news, path } = await load(write(SHORTEST));
    writeFileSync(path, `throw new Error('half-written');`);
    await vi.waitFor(() => expect(news).toHaveLength(1), { timeout: 10_000 });
    expect(news[0]).toMatchObject({ kind: 'not-reloaded', message: expect.stringContaining('half-written') });
    expect(go(waiting(file, 2, 1))).toEqual(['1→a', '2→a']);
    writeFileSync(path, LONGEST);
    await vi.waitFor(() => expect(file.policy.name).toBe('longest'), { timeout: 10_000 });
  });

  it('can be loaded again at once', async () => {
    const { file, path } = await load(write(SHORTEST), { pollMs: 1e6 });
    writeFileSync(path, LONGEST);
    expect(await file.reload()).toBe(true);
    expect(file.policy.name).toBe('longest');
    writeFileSync(path, 'export const policy = 1;');
    expect(await file.reload()).toBe(false);
    expect(file.policy.name).toBe('longest');
  });

  it('is not looked at once it is closed', async () => {
    const { file, path } = await load(write(SHORTEST));
    file.close();
    writeFileSync(path, LONGEST);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(file.policy.name).toBe('shortest');
  });
});

describe('a policy file that fails at work', () => {
  it('gives way to the version before', async () => {
    const { file, news, path } = await load(write(SHORTEST), { pollMs: 1e6 });
    writeFileSync(path, THROWS);
    await file.reload();
    const scheduler = waiting(file, 9, 8, 7, 3, 1, 2);
    expect(go(scheduler)).toEqual(['9→a', '8→a', '7→a', '1→a', '2→a', '3→a']);
    expect(file.policy.name).toBe('shortest');
    expect(news.map(({ kind }) => kind)).toEqual(['reloaded', 'problem', 'problem', 'replaced']);
    expect(news.at(-1)?.message).toContain('is replaced by the version before until the file changes');
  });

  it('gives way to the built-in default where there was none before', async () => {
    const { file, news } = await load(write(THROWS));
    go(waiting(file, 1, 2, 3, 4, 5));
    expect(file.policy.name).toBe('signalbox');
    expect(news.at(-1)?.message).toContain('is replaced by the built-in "signalbox"');
  });

  it('gives way when it is too slow, and says so', async () => {
    let nowMs = 0;
    const stopwatch = () => (nowMs += 1);
    const { file, news } = await load(write(SLOW), { budgetMs: 0.5, stopwatch });
    go(waiting(file, ...Array.from({ length: 120 }, (_, i) => i)), 200);
    expect(file.policy.name).toBe('signalbox');
    expect(news.map(({ kind }) => kind)).toEqual(['problem', 'problem', 'replaced']);
    expect(news[1]?.message).toContain('100 of its last 100 decisions took longer than 0.5 ms');
  });

  it('loses nobody while it is exchanged', async () => {
    const { file } = await load(write(THROWS));
    const scheduler = waiting(file, 1, 2, 3, 4, 5);
    expect(go(scheduler, 3)).toHaveLength(3);
    const running = [1, 2, 3].map(String);
    for (const requestId of running) scheduler.handle({ type: 'request-completed', requestId });
    expect(scheduler.queue.size).toBe(0);
    expect(scheduler.counters.dispatched).toBe(5);
  });
});
