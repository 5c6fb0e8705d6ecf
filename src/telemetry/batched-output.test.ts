import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { batchedOutput } from './batched-output.ts';

const LIMITS = { maxLength: 10, maxDelayMs: 250, maxOvertakenMs: 30 };

/** An output, with everything that reached its sink: `>` for a flush in the background, `|` for one that is waited for. */
function anOutput(limits = LIMITS) {
  const reached: string[] = [];
  let onDrain = (): void => {};
  const output = batchedOutput(
    {
      write: (text) => void reached.push(text),
      flush: () => void reached.push('>'),
      flushSync: () => void reached.push('|'),
      on(_event, listener) {
        onDrain = listener;
      },
    },
    limits,
  );
  return { output, reached, drain: () => onDrain() };
}

function tookMs(act: () => void): number {
  const startMs = process.hrtime.bigint();
  act();
  return Number(process.hrtime.bigint() - startMs) / 1e6;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('lines', () => {
  it('wait for others until there is enough of them', () => {
    const { output, reached } = anOutput();
    output.write('abcd\n');
    expect(reached).toEqual([]);
    output.write('efgh\n');
    expect(reached).toEqual(['abcd\nefgh\n']);
  });

  it('wait no longer than they may', () => {
    const { output, reached } = anOutput();
    output.write('a\n');
    vi.advanceTimersByTime(200);
    output.write('b\n');
    vi.advanceTimersByTime(49);
    expect(reached).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(reached).toEqual(['a\nb\n', '>']);
  });

  it('that come after a batch may wait as long as those of the first', () => {
    const { output, reached } = anOutput();
    output.write('012\n');
    vi.advanceTimersByTime(200);
    output.write('345678\n');
    output.write('a\n');
    vi.advanceTimersByTime(249);
    expect(reached).toEqual(['012\n345678\n']);
    vi.advanceTimersByTime(1);
    expect(reached).toEqual(['012\n345678\n', 'a\n', '>']);
  });

  it('do not keep the process alive', () => {
    vi.useRealTimers();
    const { output } = anOutput();
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    output.write('a\n');
    expect(timers()).toBe(before);
    output.flushSync();
  });
});

describe('flushSync', () => {
  it('hands on what waits, and leaves no timer behind', () => {
    const { output, reached } = anOutput();
    output.write('a\n');
    output.flushSync();
    vi.advanceTimersByTime(1_000);
    expect(reached).toEqual(['a\n', '|']);
  });

  it('lets a write in the background come to its end first', () => {
    const { output } = anOutput();
    output.write('0123456789\n');
    expect(tookMs(() => output.flushSync())).toBeGreaterThanOrEqual(25);
  });

  it('waits for nothing where nothing is being written', () => {
    const { output, drain } = anOutput({ ...LIMITS, maxOvertakenMs: 60_000 });
    expect(tookMs(() => output.flushSync())).toBeLessThan(30_000);
    output.write('0123456789\n');
    drain();
    output.write('a\n');
    expect(tookMs(() => output.flushSync())).toBeLessThan(30_000);
  });
});

describe('every line', () => {
  it('arrives once and in order, however they come', () => {
    const step = fc.oneof(
      fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom(...'abc\n') }).map((text) => ({ text })),
      fc.nat(300).map((waitMs) => ({ waitMs })),
      fc.constant({ flush: true }),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const { output, reached } = anOutput({ ...LIMITS, maxOvertakenMs: 0 });
        let expected = '';
        for (const each of steps) {
          if ('text' in each) {
            output.write(each.text);
            expected += each.text;
          } else if ('waitMs' in each) vi.advanceTimersByTime(each.waitMs);
          else output.flushSync();
        }
        output.flushSync();
        expect(reached.filter((text) => text !== '|' && text !== '>').join('')).toBe(expected);
      }),
    );
  });
});
