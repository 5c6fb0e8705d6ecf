import { describe, expect, it } from 'vitest';
import type { Task } from '../../src/client/index.ts';
import { accountFor } from './accounting.ts';
import { Witness } from './witness.ts';

function aTask(id: string, parts: Partial<Task> = {}): Task {
  return {
    id,
    state: 'completed',
    model: 'm',
    instance: '',
    submittedMs: 0,
    attempt: 1,
    priority: 'NORMAL',
    metadata: {},
    input: {},
    result: { id: `${id}-result` },
    ...parts,
  };
}

function witnessOf(...ids: readonly string[]): Witness {
  const witness = new Witness();
  for (const id of ids) witness.gave(id, `${id}-result`);
  return witness;
}

const NOTHING_SHOWN: ReadonlyMap<string, string> = new Map();

describe('the account of a crash run', () => {
  it('is balanced when each acknowledged task is there once, with a result of its own', async () => {
    const account = await accountFor({
      acknowledged: ['a', 'b'],
      stored: [aTask('a'), aTask('b'), aTask('not-acknowledged', { state: 'failed' })],
      witness: witnessOf('a', 'b'),
      shown: new Map([['a', 'a-result']]),
    });
    expect(account).toEqual({ acknowledged: 2, completed: 2, lost: new Map(), doubled: new Map() });
  });

  it.each<[string, Task[], ReadonlyMap<string, string>, RegExp]>([
    ['is gone', [], NOTHING_SHOWN, /not there/],
    ['still waits', [aTask('a', { state: 'queued' })], NOTHING_SHOWN, /is queued/],
    [
      'failed',
      [aTask('a', { state: 'failed', failure: { code: 'task_failed', message: 'no' } })],
      NOTHING_SHOWN,
      /is failed \(task_failed: no\)/,
    ],
    ['has no result', [aTask('a', { result: undefined })], NOTHING_SHOWN, /without a result/],
    [
      'has the result of another one',
      [aTask('a', { result: { id: 'b-result' } })],
      NOTHING_SHOWN,
      /not that of its workers/,
    ],
    ['had another result before', [aTask('a')], new Map([['a', 'older']]), /had the result older/],
  ])('misses a task that %s', async (_, stored, shown, why) => {
    const witness = witnessOf('a', 'b');
    const account = await accountFor({ acknowledged: ['a'], stored, witness, shown });
    expect(account).toMatchObject({ acknowledged: 1, completed: 0 });
    expect(account.lost.get('a')).toMatch(why);
  });

  it('sees a task that is there twice', async () => {
    const stored = [aTask('a'), aTask('a')];
    const account = await accountFor({
      acknowledged: ['a'],
      stored,
      witness: witnessOf('a'),
      shown: NOTHING_SHOWN,
    });
    expect([...account.doubled.keys()]).toEqual(['a']);
  });

  it('takes over what the witness saw', async () => {
    const witness = witnessOf('a');
    witness.begin('a', 'here');
    witness.begin('a', 'there');
    const account = await accountFor({
      acknowledged: ['a'],
      stored: [aTask('a')],
      witness,
      shown: NOTHING_SHOWN,
    });
    expect(account.doubled.get('a')).toMatch(/at once/);
  });
});
