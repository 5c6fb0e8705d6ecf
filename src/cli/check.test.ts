import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { check, checkCommand } from './check.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-check-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Checks a file of this text; its path is shown as FILE. */
async function run(text: string | undefined, options: { json?: boolean; env?: Record<string, string> } = {}) {
  const file = join(folder, 'signalbox.yaml');
  if (text !== undefined) writeFileSync(file, text);
  let output = '';
  const status = await check(file, options, {
    env: options.env ?? {},
    write(part) {
      output += part;
    },
  });
  return { status, output: output.replaceAll(file, 'FILE') };
}

const VALID = 'instances:\n  - url: http://10.0.0.5:8000\n';

describe('a valid file', () => {
  it('is said to be valid, in one line that tells what it makes', async () => {
    expect(await run(VALID)).toEqual({
      status: 0,
      output:
        'FILE is valid: 1 instance, policy signalbox, routing signalbox, data on 127.0.0.1:8080, control on 127.0.0.1:8081\n',
    });
  });

  it('is valid with warnings too', async () => {
    expect(await run('policy: fifo\n')).toEqual({
      status: 0,
      output: `FILE:1:1: warning: no instances are configured
    1 | policy: fifo
      | ^

FILE is valid: 0 instances, policy fifo, routing signalbox, data on 127.0.0.1:8080, control on 127.0.0.1:8081
`,
    });
  });

  it('may take secrets from the environment', async () => {
    const text = `${VALID}listeners: {control: {token_env: TOKEN}}\n`;
    expect((await run(text, { env: { TOKEN: 't' } })).status).toBe(0);
    expect((await run(text)).status).toBe(1);
  });
});

describe('a file that names a policy of its own', () => {
  const given = (source: string) => {
    writeFileSync(join(folder, 'mine.ts'), source);
    return run(`${VALID}policy: ./mine.ts\n`);
  };

  it('is valid when that can be loaded', async () => {
    const { status, output } = await given(`export const policy = { name: 'mine', orderKey: () => 1 };`);
    expect(output).toContain('FILE is valid: 1 instance, policy ./mine.ts');
    expect(status).toBe(0);
  });

  it.each([
    ['throws', `throw new Error('not today');`, 'not today'],
    ['is no policy', 'export const policy = {};', 'name must be a text'],
  ])('is wrong when that %s, as the start would find', async (_, source, reason) => {
    const { status, output } = await given(source);
    expect(status).toBe(1);
    expect(output).toContain('FILE:3:1: mistake: policy: ');
    expect(output).toContain(reason);
  });

  it('is wrong when that is not there', async () => {
    const { status, output } = await run(`${VALID}policy: {file: ./nowhere.ts}\n`);
    expect(status).toBe(1);
    expect(output).toContain('nowhere.ts cannot be loaded');
  });
});

describe('a file with mistakes', () => {
  it('is shown line by line, with a caret, what is allowed and what was meant', async () => {
    const text = `${VALID}    engin: vllm\nlogging:\n  level: inof\n`;
    expect(await run(text)).toEqual({
      status: 1,
      output: `FILE:3:5: mistake: unknown key "engin" in instances[0]
    3 |     engin: vllm
      |     ^
  allowed: url, engine, apiKey, apiKey_env, apiKey_file, tls, health, scrape, metricNames, id, models, adapters, role, parallel, gpuCount, gpuType, usdPerHour, maxConcurrency, maxPrefillTokens, weight, labels, simulate, speed, dialect, count
  did you mean: engine

FILE:5:10: mistake: logging.level must be one of trace, debug, info, warn, error, fatal, silent, found "inof"
    5 |   level: inof
      |          ^
  did you mean: info

2 mistakes in FILE
`,
    });
  });

  it('shows no secret that stands on a wrong line', async () => {
    const { output } = await run(
      'listeners: {control: {token: hunter2, tokn: hunter3}}\nauth: {keys: {a: {sha256: hunter4}}}\n',
    );
    expect(output).toContain('mistakes in FILE');
    expect(output).not.toContain('hunter');
  });

  it('shows no secret in the middle of text that is no YAML', async () => {
    const { status, output } = await run('listeners:\n  control:\n    token: "hunter2" hunter3\n');
    expect(status).toBe(1);
    expect(output).not.toContain('hunter');
  });

  it('shows the part of a long line that is wrong', async () => {
    const labels = Array.from({ length: 60 }, (_, i) => `l${i}: x`).join(', ');
    const { output } = await run(`instances: [{url: "http://a", labels: {${labels}, last: 7}}]\n`);
    const [, source = '', caret = ''] = output.split('\n');
    expect(source.length).toBeLessThan(140);
    expect(source[caret.indexOf('^')]).toBe('7');
  });

  it('has the caret under the column behind tabs too', async () => {
    const text = 'queue: {\t\tmaxRequests: x, instances: 1}\ninstances: [{url: "http://a"}]\n';
    const [, source = '', caret = ''] = (await run(text)).output.split('\n');
    expect(source[caret.indexOf('^')]).toBe('x');
  });

  it('that is not there is a mistake without a line to show', async () => {
    expect(await run(undefined)).toEqual({
      status: 1,
      output: 'FILE:1:1: mistake: the file "FILE" cannot be read: ENOENT\n\n1 mistake in FILE\n',
    });
  });
});

describe('--json', () => {
  it('prints what a program can read', async () => {
    const { status, output } = await run('seed: x\n', { json: true });
    expect(status).toBe(1);
    expect(JSON.parse(output)).toEqual({
      ok: false,
      problems: [
        {
          path: 'seed',
          line: 1,
          column: 7,
          message: 'seed must be a whole number from 0 to 4294967295, found "x"',
          found: '"x"',
          allowed: 'a whole number from 0 to 4294967295',
        },
      ],
      warnings: [{ path: 'instances', line: 1, column: 1, message: 'no instances are configured' }],
    });
  });

  it('prints no problems of a valid file', async () => {
    const { status, output } = await run(VALID, { json: true });
    expect(status).toBe(0);
    expect(JSON.parse(output)).toEqual({ ok: true, problems: [], warnings: [] });
  });
});

describe('the command', () => {
  const statusBefore = process.exitCode;
  afterEach(() => {
    process.exitCode = statusBefore;
  });

  it.each([
    ['0 for a valid file', VALID, 0],
    ['1 for one with mistakes', 'seed: x', 1],
  ])('leaves the exit status %s', async (_what, text, status) => {
    const file = join(folder, 'signalbox.yaml');
    writeFileSync(file, text);
    await checkCommand({ env: {}, write: () => undefined }).parseAsync(['--json', file], { from: 'user' });
    expect(process.exitCode).toBe(status);
  });
});
