/** Lending sequences: who gets which, who waits, and that nothing is lost. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SequencePool } from './sequence-pool.ts';

interface FakeSequence {
  readonly name: string;
  contextTokens: number[];
}

const aSequence = (name: string, contextTokens: number[] = []): FakeSequence => ({ name, contextTokens });
const staying = new AbortController().signal;

describe('a pool of sequences', () => {
  it('lends the one whose cache fits the prompt', async () => {
    const pool = new SequencePool([aSequence('a', [9]), aSequence('b', [1, 2, 3])]);
    expect((await pool.acquire([1, 2, 3, 4], staying)).name).toBe('b');
    expect((await pool.acquire([1, 2, 3, 4], staying)).name).toBe('a');
  });

  it('lends the one longest unused when no cache fits', async () => {
    const [a, b] = [aSequence('a'), aSequence('b')];
    const pool = new SequencePool([a, b]);
    pool.release(await pool.acquire([1], staying));
    expect(await pool.acquire([1], staying)).toBe(b);
  });

  it('lets wait in the order of asking', async () => {
    const pool = new SequencePool([aSequence('a')]);
    const lent = await pool.acquire([1], staying);
    const order: string[] = [];
    const ask = async (name: string): Promise<FakeSequence> => {
      const sequence = await pool.acquire([1], staying);
      order.push(name);
      return sequence;
    };
    const [first, second] = [ask('first'), ask('second')];
    expect(pool.waiting).toBe(2);
    pool.release(lent);
    pool.release(await first);
    await second;
    expect(order).toEqual(['first', 'second']);
    expect(pool.waiting).toBe(0);
  });

  it('forgets who leaves while waiting', async () => {
    const pool = new SequencePool([aSequence('a')]);
    const lent = await pool.acquire([1], staying);
    const client = new AbortController();
    const leaving = pool.acquire([1], client.signal);
    const next = pool.acquire([1], staying);
    client.abort(new Error('the client left'));
    await expect(leaving).rejects.toThrow('the client left');
    expect(pool.waiting).toBe(1);
    pool.release(lent);
    expect((await next).name).toBe('a');
  });

  it('lends nothing to who has left already', async () => {
    const pool = new SequencePool([aSequence('a')]);
    await expect(pool.acquire([1], AbortSignal.abort())).rejects.toThrow();
    expect(pool.lent.size).toBe(0);
  });

  it('does not mind an abort after lending', async () => {
    const pool = new SequencePool([aSequence('a')]);
    const lent = await pool.acquire([1], staying);
    const client = new AbortController();
    const later = pool.acquire([1], client.signal);
    pool.release(lent);
    const sequence = await later;
    client.abort();
    expect(pool.lent.size).toBe(1);
    pool.release(sequence);
    expect(pool.lent.size).toBe(0);
  });

  it('refuses a sequence that is not lent', async () => {
    const [a, stranger] = [aSequence('a'), aSequence('stranger')];
    const pool = new SequencePool([a]);
    expect(() => pool.release(stranger)).toThrow('This sequence is not lent.');
    pool.release(await pool.acquire([1], staying));
    expect(() => pool.release(a)).toThrow('This sequence is not lent.');
  });

  it('refuses who waits and who comes once it is closed', async () => {
    const pool = new SequencePool([aSequence('a')]);
    await pool.acquire([1], staying);
    const waiting = pool.acquire([1], staying);
    pool.close(new Error('closed'));
    await expect(waiting).rejects.toThrow('closed');
    await expect(pool.acquire([1], staying)).rejects.toThrow('closed');
  });

  it('never lends a sequence twice and never loses one, whatever happens', async () => {
    const step = fc.oneof(fc.constant('acquire'), fc.constant('release'), fc.constant('leave'));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(step, { maxLength: 30 }),
        async (size, steps) => {
          const pool = new SequencePool(Array.from({ length: size }, (_, index) => aSequence(`${index}`)));
          const held: FakeSequence[] = [];
          const clients: AbortController[] = [];
          let asked = 0;
          for (const action of steps) {
            if (action === 'acquire') {
              const client = new AbortController();
              clients.push(client);
              asked++;
              pool.acquire([1], client.signal).then(
                (sequence) => held.push(sequence),
                () => asked--,
              );
            }
            if (action === 'release' && held.length > 0) {
              pool.release(held.shift()!);
              asked--;
            }
            if (action === 'leave') clients.shift()?.abort();
            await new Promise((resolve) => setImmediate(resolve));
            expect(new Set(held).size).toBe(held.length);
            expect(held.length).toBe(pool.lent.size);
            expect(held.length).toBe(Math.min(asked, size));
            expect(pool.waiting).toBe(asked - held.length);
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});
