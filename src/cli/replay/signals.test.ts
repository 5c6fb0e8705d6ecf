import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { interruptOnSignals } from './signals.ts';

class FakeProcess extends EventEmitter {
  exitCode: number | undefined;
  readonly exits: number[] = [];

  exit(code: number): void {
    this.exits.push(code);
  }
}

function listening() {
  const source = new FakeProcess();
  const interrupt = new AbortController();
  return { source, interrupt, stop: interruptOnSignals(source, interrupt) };
}

describe('interruptOnSignals', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('ends in good order at the first %s, with %d', (signal, code) => {
    const { source, interrupt } = listening();
    source.emit(signal, signal);
    expect(interrupt.signal.aborted).toBe(true);
    expect(source).toMatchObject({ exitCode: code, exits: [] });
  });

  it('exits at once at the second', () => {
    const { source } = listening();
    source.emit('SIGINT', 'SIGINT');
    source.emit('SIGINT', 'SIGINT');
    expect(source.exits).toEqual([130]);
  });

  it('listens no longer than it should', () => {
    const { source, interrupt, stop } = listening();
    stop();
    source.emit('SIGINT', 'SIGINT');
    expect(interrupt.signal.aborted).toBe(false);
    expect(source.eventNames()).toEqual([]);
  });
});
