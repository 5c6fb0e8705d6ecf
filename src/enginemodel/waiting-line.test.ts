import { describe, expect, it } from 'vitest';
import { aRequest } from './__fixtures__/profiles.ts';
import { createSequence } from './sequence.ts';
import { WaitingLine } from './waiting-line.ts';

const aSequence = (id: string) => createSequence(aRequest({ id }));

function takeAll(line: WaitingLine): string[] {
  const ids: string[] = [];
  for (let head = line.peek(); head !== undefined; head = line.peek()) {
    ids.push(head.id);
    line.take();
  }
  return ids;
}

describe('the waiting line', () => {
  it('is first come, first served', () => {
    const line = new WaitingLine();
    for (const id of ['a', 'b', 'c']) line.push(aSequence(id));
    expect(line.length).toBe(3);
    expect(takeAll(line)).toEqual(['a', 'b', 'c']);
    expect(line.length).toBe(0);
  });

  it('puts the preempted back before all others, on a fresh line and on a used one', () => {
    const line = new WaitingLine();
    line.push(aSequence('b'));
    line.putBack(aSequence('a'));
    expect(takeAll(line)).toEqual(['a', 'b']);
    line.push(aSequence('d'));
    line.putBack(aSequence('c'));
    expect(takeAll(line)).toEqual(['c', 'd']);
  });

  it('passes over the cancelled and does not count them', () => {
    const line = new WaitingLine();
    const sequences = ['a', 'b', 'c'].map(aSequence);
    for (const sequence of sequences) line.push(sequence);
    for (const sequence of [sequences[0]!, sequences[2]!]) {
      sequence.isCancelled = true;
      line.forgetCancelled();
    }
    expect(line.length).toBe(1);
    expect(takeAll(line)).toEqual(['b']);
  });

  it('keeps its order over many thousands', () => {
    const line = new WaitingLine();
    const taken: string[] = [];
    for (let i = 0; i < 10_000; i++) {
      line.push(aSequence(String(i)));
      if (i % 3 === 0) continue;
      taken.push(line.peek()!.id);
      line.take();
    }
    taken.push(...takeAll(line));
    expect(taken).toEqual(Array.from({ length: 10_000 }, (_, i) => String(i)));
  });
});
