import { describe, expect, it, vi } from 'vitest';
import { EventQueue } from './event-queue.ts';

async function readAll(queue: AsyncIterable<number>): Promise<number[]> {
  const read: number[] = [];
  for await (const value of queue) read.push(value);
  return read;
}

describe('an event queue', () => {
  it('gives what was pushed before and while one reads, in order', async () => {
    const queue = new EventQueue<number>(() => undefined);
    queue.push(1);
    queue.push(2);
    const read = readAll(queue);
    await Promise.resolve();
    queue.push(3);
    setTimeout(() => {
      queue.push(4);
      queue.push(5);
      queue.end();
      queue.push(6);
    });
    expect(await read).toEqual([1, 2, 3, 4, 5]);
  });

  it('ends for good', async () => {
    const queue = new EventQueue<number>(() => undefined);
    queue.end();
    expect(await queue.next()).toEqual({ value: undefined, done: true });
    expect(await queue.next()).toEqual({ value: undefined, done: true });
  });

  it('says when its reader leaves early, and not when it reads to the end', async () => {
    const onLeave = vi.fn();
    const whole = new EventQueue<number>(onLeave);
    whole.push(1);
    whole.end();
    await readAll(whole);
    expect(onLeave).not.toHaveBeenCalled();
    const left = new EventQueue<number>(onLeave);
    left.push(1);
    left.push(2);
    for await (const _ of left) break;
    expect(onLeave).toHaveBeenCalledOnce();
    expect(await left.next()).toMatchObject({ value: 2 });
  });
});
