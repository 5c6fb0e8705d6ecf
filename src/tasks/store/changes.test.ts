import { describe, expect, it } from 'vitest';
import { ChangeFeed, isOthersShared, packChanges, packShared, unpackChanges } from './changes.ts';
import type { TaskChange } from './task-store.ts';

const change = (taskId: string, parts: Partial<TaskChange> = {}): TaskChange => ({
  taskId,
  model: 'llama',
  state: 'queued',
  atMs: 5,
  ...parts,
});

describe('changes on their way to other processes', () => {
  it('arrive as they were, in payloads that NOTIFY takes', () => {
    const changes = Array.from({ length: 1000 }, (_, n) =>
      change(`00000000-0000-0000-0000-${n}`.padEnd(36, '0')),
    );
    const payloads = packChanges('me', [...changes, change('x', { state: 'failed', model: 'ü' })]);
    expect(payloads.every((payload) => Buffer.byteLength(payload) < 8000)).toBe(true);
    expect(payloads).toHaveLength(8);
    expect(payloads.flatMap((payload) => unpackChanges('you', payload))).toEqual([
      ...changes,
      change('x', { state: 'failed', model: 'ü' }),
    ]);
  });

  it('are not told to who made them', () => {
    const [payload] = packChanges('me', [change('a')]);
    expect(unpackChanges('me', payload!)).toEqual([]);
  });

  it('may be anything that others say on the channel', () => {
    for (const payload of ['', 'null', '3', '{}', '{"ids":1}'])
      expect(unpackChanges('me', payload)).toEqual([]);
  });

  it('are told from what all processes share', () => {
    expect(isOthersShared('you', packShared('me'))).toBe(true);
    expect(unpackChanges('you', packShared('me'))).toEqual([]);
    expect(isOthersShared('me', packShared('me'))).toBe(false);
    for (const payload of ['', 'null', '3', '{}', ...packChanges('me', [change('a')])])
      expect(isOthersShared('you', payload)).toBe(false);
  });

  it('are left to polling when one does not fit', () => {
    expect(packChanges('me', [change('a', { model: 'x'.repeat(9000) })])).toEqual([]);
  });
});

describe('a feed of changes', () => {
  it('tells the others when a listener throws', () => {
    const errors: Error[] = [];
    const heard: string[] = [];
    const feed = new ChangeFeed((error) => errors.push(error));
    feed.watch(() => {
      throw new Error('mine');
    });
    const stop = feed.watch((one) => heard.push(one.taskId));
    feed.publish([change('a')]);
    stop();
    feed.publish([change('b')]);
    expect(heard).toEqual(['a']);
    expect(errors.map((error) => error.message)).toEqual(['mine', 'mine']);
  });
});
