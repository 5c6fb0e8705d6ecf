import { describe, expect, it } from 'vitest';
import { Witness } from './witness.ts';

describe('the witness of a crash run', () => {
  it('sees a task that runs in two places at once', () => {
    const witness = new Witness();
    const first = witness.begin('t', 'here');
    const second = witness.begin('t', 'there');
    first.end();
    second.end();
    expect([...witness.doubled]).toEqual([['t', 'ran on here and on there at once']]);
    expect(witness.running).toBe(0);
  });

  it('has nothing against one run after the other, nor against different tasks at once', () => {
    const witness = new Witness();
    witness.begin('t', 'here').end();
    const again = witness.begin('t', 'there');
    witness.begin('u', 'there');
    again.end();
    expect(witness.doubled.size).toBe(0);
    expect([witness.runs, witness.running]).toEqual([3, 1]);
  });

  it('sees a second result that was stored as if it were the only one', () => {
    const witness = new Witness();
    for (const key of ['a', 'b']) {
      witness.gave('t', key);
      witness.accepted('t', key);
    }
    expect([...witness.doubled.keys()]).toEqual(['t']);
  });

  it('knows whose result it is, and which one was accepted', () => {
    const witness = new Witness();
    witness.gave('t', 'a');
    witness.gave('t', 'b');
    expect(witness.isResultOf('t', 'a')).toBe(true);
    expect(witness.isResultOf('u', 'a')).toBe(false);
    witness.accepted('t', 'b');
    expect(witness.isResultOf('t', 'a')).toBe(false);
    expect(witness.isResultOf('t', 'b')).toBe(true);
  });
});
