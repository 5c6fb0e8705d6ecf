import { describe, expect, it } from 'vitest';
import { parseConfig } from './parse-config.ts';

const INSTANCE = 'instances: [{ url: "http://a:1" }]\n';

function tasksOf(text: string) {
  const result = parseConfig(`${INSTANCE}${text}`, { env: { PG: 'postgres://me@db/tasks', HUSH: 's3cret' } });
  if (!result.ok) throw new Error(result.problems.map(({ message }) => message).join('\n'));
  return result.config.tasks;
}

function mistakesIn(text: string): string[] {
  const result = parseConfig(`${INSTANCE}${text}`);
  return result.ok ? [] : result.problems.map(({ message }) => message);
}

describe('where tasks are kept', () => {
  it('is a directory that is made when it is needed, when nobody says otherwise', () => {
    expect(tasksOf('').store).toEqual({ type: 'directory', directory: 'signalbox-tasks', isDefault: true });
  });

  it.each([
    [
      'tasks: { store: { directory: /var/lib/x } }',
      { type: 'directory', directory: '/var/lib/x', isDefault: false },
    ],
    ['tasks: { store: {} }', { type: 'directory', directory: 'signalbox-tasks', isDefault: false }],
    ['tasks: { store: { memory: true } }', { type: 'memory' }],
  ])('%s', (text, store) => {
    expect(tasksOf(text).store).toEqual(store);
  });

  it('is a PostgreSQL whose address, which may hold a password, is a secret', () => {
    const { store } = tasksOf('tasks: { store: { url_env: PG } }');
    expect(store.type === 'postgres' && store.url.reveal()).toBe('postgres://me@db/tasks');
    expect(JSON.stringify(store)).not.toContain('me@db');
  });

  it('is one of them', () => {
    expect(mistakesIn('tasks: { store: { memory: true, directory: x } }')).toEqual([
      'tasks.store has directory and memory; one of them is allowed',
    ]);
    expect(mistakesIn('tasks: { store: { url: "mysql://x" } }')).toEqual([
      'tasks.store.url must begin with postgres:// or postgresql://',
    ]);
  });
});

describe('who may register and be told', () => {
  it('keeps the secret of webhooks out of sight', () => {
    const { webhooks } = tasksOf('tasks: { webhooks: { secret_env: HUSH } }');
    expect(webhooks.secret?.reveal()).toBe('s3cret');
    expect(JSON.stringify(webhooks)).not.toContain('s3cret');
  });

  it.each(['10.0.0.0/33', '10.0.0', 'fd00::/129', 'host/8', '10.0.0.0/8/8'])(
    'refuses %j as a range of addresses',
    (range) => {
      expect(mistakesIn(`tasks: { registration: { allowedCidrs: ["${range}"] } }`)).toHaveLength(1);
    },
  );

  it.each(['0', '70000', '9000-8000', '1-2-3', 'http'])('refuses %j as ports', (range) => {
    expect(mistakesIn(`tasks: { registration: { allowedPorts: ["${range}"] } }`)).toHaveLength(1);
  });

  it('takes ports as numbers, too', () => {
    expect(
      tasksOf('tasks: { registration: { allowedPorts: [8000, "9000-9010"] } }').registration.allowedPorts,
    ).toEqual([8000, '9000-9010']);
  });
});
