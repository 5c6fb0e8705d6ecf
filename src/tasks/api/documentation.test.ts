import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { STRATEGY_NAMES } from '../strategies/index.ts';
import { TASK_FAILURE_CODES, TASK_STATES } from '../task.ts';
import { DEFAULT_TASK_LIMITS } from './parts.ts';
import { TASK_ROUTES } from './routes.ts';

const guide = readFileSync(new URL('../../../docs/tasks.md', import.meta.url), 'utf8');
const moving = readFileSync(new URL('../../../docs/moving-from-swarmpilot.md', import.meta.url), 'utf8');
const calls = guide.split('<!-- calls: compared with the routes -->')[1]!.split('Besides:')[0]!;

const row = (method: string, path: string, fields: readonly string[]) =>
  `| \`${method.toUpperCase()} ${path}\` | ${fields.map((field) => `\`${field}\``).join(', ')}`;

describe('docs/tasks.md', () => {
  it.each(TASK_ROUTES)('tells of $method $path with its fields', ({ method, path, fields = [] }) => {
    expect(calls).toContain(`${row(method, path, fields).trimEnd()} |`);
  });

  it('tells of no call that is not there', () => {
    const documented = [...calls.matchAll(/^\| `(GET|POST) (\S+)`/gm)].map(
      ([, method, path]) => `${method} ${path}`,
    );
    const there = TASK_ROUTES.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(documented).toEqual([...there, 'GET /task/events']);
  });

  it('tells what each field of a task means', () => {
    const { fields = [] } = TASK_ROUTES.find(({ path }) => path === '/queue/submit')!;
    const own = fields.filter((field) => !['model_name', 'task_input', 'metadata'].includes(field));
    for (const field of own) expect(guide).toContain(`\n| \`${field}\` | `);
  });

  it.each(TASK_FAILURE_CODES)('tells why a task fails with %s', (code) => {
    expect(guide).toContain(`\n| \`${code}\` | `);
  });

  it.each(TASK_STATES)('has the state %s', (state) => {
    expect(guide).toMatch(new RegExp(`--> ${state}\\b`));
  });

  it.each(STRATEGY_NAMES)('says what %s chooses', (name) => {
    expect(guide).toMatch(new RegExp(`^\\| (\`\\w+\`, )*\`${name}\``, 'm'));
  });

  it('has the limits as they are', () => {
    const format = new Intl.NumberFormat('en-US');
    const { maxBatchTasks, maxWaitMs, maxBodyBytes } = DEFAULT_TASK_LIMITS;
    expect(guide).toContain(`At most ${format.format(maxBatchTasks)} tasks`);
    expect(guide).toContain(`(at most ${format.format(maxWaitMs)})`);
    expect(guide).toContain(`more than ${maxBodyBytes / 1024 / 1024} MiB`);
  });

  it.each(
    [...`${guide}${moving}`.matchAll(/\]\(((?:\.\.\/)?[\w./-]+?)(?:#[\w-]+)?\)/g)].map(([, path]) => path!),
  )('links to %s, which is there', (path) => {
    expect(() => readFileSync(new URL(`../../../docs/${path}`, import.meta.url))).not.toThrow();
  });
});

it('docs/moving-from-swarmpilot.md speaks of calls that are there, or says that they are not', () => {
  const absent = /\/(queue\/submit_async|scheduler\/(async|profiling)\/|v1\/)/;
  const named = [...moving.matchAll(/`(?:GET |POST )?(\/[\w/]+\*?)[^`]*`/g)].map(([, path]) => path!);
  const there = new Set(['/info', '/health', ...TASK_ROUTES.map(({ path }) => path)]);
  expect(named.filter((path) => !there.has(path) && !absent.test(path))).toEqual([]);
});
