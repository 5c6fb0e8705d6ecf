import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reportText } from './report-text.ts';
import { isGood, runVectorFolder } from './run-folder.ts';
import type { VectorSuite } from './runner.ts';
import { VECTOR_FILES, VECTOR_SUITES } from './suites.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vectors-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

function put(file: string, ...records: readonly (object | string)[]): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  const lines = records.map((record) => (typeof record === 'string' ? record : JSON.stringify(record)));
  writeFileSync(join(folder, file), `${lines.join('\n')}\n`);
}

/** Says of each record what the record itself says is to come of it. */
function obedient(file: string, handles?: (kind: string) => boolean): VectorSuite {
  return {
    file,
    ...(handles !== undefined && { handles }),
    run: async (lines) => {
      await new Promise(setImmediate);
      const records = lines.map((line) => JSON.parse(line) as { id: string; fail?: string; skip?: string });
      return {
        passed: records.filter(({ fail, skip }) => fail === undefined && skip === undefined).length,
        failed: records.flatMap(({ id, fail }) => (fail === undefined ? [] : [{ id, why: fail }])),
        skipped: records.flatMap(({ id, skip }) => (skip === undefined ? [] : [{ id, reason: skip }])),
      };
    },
  };
}

const run = (names: readonly string[], ...suites: readonly VectorSuite[]) =>
  runVectorFolder(folder, names, suites);

describe('a folder of vectors', () => {
  it('counts what passed, and names what failed and what was skipped', async () => {
    put('a.jsonl', { id: 'a1' }, { id: 'a2', fail: 'found 1, expected 2' }, { id: 'a3', skip: 'fault 7' });
    const report = await run(['a.jsonl'], obedient('a.jsonl'));
    expect(report.files).toEqual([
      {
        file: 'a.jsonl',
        passed: 1,
        failed: [{ id: 'a2', why: 'found 1, expected 2' }],
        skipped: [{ id: 'a3', reason: 'fault 7' }],
      },
    ]);
    expect(isGood(report)).toBe(false);
  });

  it('is good when nothing failed', async () => {
    put('a.jsonl', { id: 'a1' }, { id: 'a2', skip: 'fault 7' });
    expect(isGood(await run(['a.jsonl'], obedient('a.jsonl')))).toBe(true);
  });

  it('is not good when there was nothing to run', async () => {
    expect(isGood(await run(['a.jsonl'], obedient('a.jsonl')))).toBe(false);
  });

  it('is looked for in sub-folders too', async () => {
    put('x/a.jsonl', { id: 'a1' });
    put('x/y/a.jsonl', { id: 'a2' }, { id: 'a3' });
    const { files } = await run(['a.jsonl'], obedient('a.jsonl'));
    expect(files.map(({ file, passed }) => [file, passed])).toEqual([
      ['x/a.jsonl', 1],
      ['x/y/a.jsonl', 2],
    ]);
  });

  it('names data that no suite is for, and leaves what is written about it alone', async () => {
    put('a.jsonl', { id: 'a1' });
    put('b.jsonl', { id: 'b1' });
    put('more/c.json', {});
    put('README.md', '# Vectors');
    expect((await run(['a.jsonl'], obedient('a.jsonl'))).notRun).toEqual(['b.jsonl', 'more/c.json']);
  });
});

describe('a file of vectors', () => {
  const kinds = (prefix: string) => obedient('a.jsonl', (kind) => kind.startsWith(prefix));

  it('is shared by several suites, each with its kinds', async () => {
    put('a.jsonl', { id: '1', kind: 'policy.fifo' }, { id: '2', kind: 'router.random', fail: 'no' });
    const { files } = await run(['a.jsonl'], kinds('policy.'), kinds('router.'));
    expect(files[0]).toMatchObject({ passed: 1, failed: [{ id: '2' }], skipped: [] });
  });

  it('lists the records that no suite handles', async () => {
    put('a.jsonl', { id: '1', kind: 'policy.fifo' }, { id: '2', kind: 'weather' }, { id: '3' });
    const { files } = await run(['a.jsonl'], kinds('policy.'));
    expect(files[0]).toMatchObject({
      passed: 1,
      skipped: [
        { id: '2', reason: 'no runner for kind weather' },
        { id: '3', reason: 'no runner for this file' },
      ],
    });
  });

  it('gives a folder’s index to its suite, a record each, with the folder to read the rest from', async () => {
    put('samples/index.json', JSON.stringify([{ id: 's1' }, { id: 's2' }]));
    const calls: string[] = [];
    const suite: VectorSuite = {
      file: 'samples',
      run: (lines, path) => {
        calls.push(path, ...lines);
        return { passed: lines.length, failed: [], skipped: [] };
      },
    };
    expect((await run(['samples'], suite)).files[0]).toMatchObject({ file: 'samples', passed: 2 });
    expect(calls).toEqual([join(folder, 'samples'), '{"id":"s1"}', '{"id":"s2"}']);
  });

  it('fails for lines that are no records', async () => {
    put('a.jsonl', { id: '1' }, '', '{oops', '17');
    const { files } = await run(['a.jsonl'], obedient('a.jsonl'));
    expect(files[0]).toMatchObject({ passed: 1, failed: [{ id: 'line 3' }, { id: 'line 4' }] });
  });

  it('fails when a folder has no list', async () => {
    put('samples/one.txt', 'x');
    const report = await run(['samples'], obedient('samples'));
    expect(report.files[0]!.failed[0]!.why).toMatch(/cannot be read: .*index\.json/);
  });

  it('fails with every record of a runner that broke', async () => {
    put('a.jsonl', { id: '1' }, { id: '2' });
    const broken: VectorSuite = { file: 'a.jsonl', run: () => Promise.reject(new Error('no socket')) };
    const why = 'the runner broke: no socket';
    expect((await run(['a.jsonl'], broken)).files[0]!.failed).toEqual([
      { id: '1', why },
      { id: '2', why },
    ]);
  });

  it('fails when a runner loses records on the way', async () => {
    put('a.jsonl', { id: '1' }, { id: '2' });
    const forgetful: VectorSuite = { file: 'a.jsonl', run: () => ({ passed: 1, failed: [], skipped: [] }) };
    const why = 'the runner tells of 1 records and was given 2';
    expect((await run(['a.jsonl'], forgetful)).files[0]!.failed).toEqual([{ id: 'a.jsonl', why }]);
  });
});

describe('the report', () => {
  it('shows a table, then what failed, what was skipped by reason, and what was not run', async () => {
    put(
      'a.jsonl',
      { id: 'a1', skip: 'fault 3' },
      { id: 'a2', fail: 'x\n  is wrong' },
      { id: 'a3', skip: 'fault 3' },
    );
    put('other.jsonl', {});
    expect(reportText(await run(['a.jsonl'], obedient('a.jsonl'))).split('\n')).toEqual([
      'file     passed  failed  skipped',
      'a.jsonl       0       1        2',
      'total         0       1        2',
      '',
      'a.jsonl: failed',
      '  a2: x is wrong',
      '',
      'a.jsonl: skipped',
      '  2 fault 3',
      '    a1 a3',
      '',
      'not run, since no suite is for files of this name:',
      '  other.jsonl',
    ]);
  });

  it('says so when there was nothing', async () => {
    expect(reportText(await run(['a.jsonl']))).toBe(`found no vectors in ${folder}`);
  });
});

describe('the suites', () => {
  it('are for files of known names', () => {
    expect([...VECTOR_FILES].sort()).toEqual([
      'f5-api.jsonl',
      'f5-config.jsonl',
      'f5-icontrol.jsonl',
      'f5-metrics-samples',
      'f5-scores.jsonl',
      'parallax.jsonl',
      'sagellm.jsonl',
      'swarmpilot.jsonl',
    ]);
  });

  it('handle all vectors that are here, and pass them', async () => {
    const report = await runVectorFolder(import.meta.dirname, VECTOR_FILES, VECTOR_SUITES);
    expect(report.files.flatMap(({ failed }) => failed)).toEqual([]);
    const reasons = report.files.flatMap(({ skipped }) => skipped.map(({ reason }) => reason));
    expect(reasons.filter((reason) => reason.startsWith('no runner'))).toEqual([]);
    expect(report.files.map(({ file }) => file)).toEqual([...VECTOR_FILES].sort());
    expect(report.notRun).toEqual([]);
  }, 120_000);
});

describe('npm run test:vectors', () => {
  const script = join(import.meta.dirname, 'run.ts');
  const call = (...args: readonly string[]) =>
    promisify(execFile)(process.execPath, [script, ...args]).then(
      ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
      ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
        code,
        stdout,
        stderr,
      }),
    );
  const record = { kind: 'normalise', values: [1, 2] };

  it('runs the folder named, ends with 1 when something failed, and prints JSON when asked', async () => {
    put('f5-scores.jsonl', { id: 'wrong', ...record, expect: { min_max: [0, 0.5] } });
    const { code, stdout } = await call(folder, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ folder, files: [{ failed: [{ id: 'wrong' }] }], notRun: [] });
  });

  it('ends with 0 when nothing failed, and prints a table', async () => {
    put('f5-scores.jsonl', { id: 'right', ...record, expect: { min_max: [0, 1] } });
    const { code, stdout } = await call(folder);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^f5-scores.jsonl +1 +0 +0$/m);
  });

  it.each([
    ['a folder that is not there', ['/nowhere/at/all'], '/nowhere/at/all is not a folder'],
    ['two folders', ['a', 'b'], 'found 2 folders'],
    ['an unknown option', ['--fast'], "'--fast'"],
  ])('ends with 2 for %s', async (_, args, problem) => {
    const { code, stderr } = await call(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(problem);
    expect(stderr).toContain('usage: npm run test:vectors');
  });
});
