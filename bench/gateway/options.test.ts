import { describe, expect, it } from 'vitest';
import { readSettings } from './options.ts';

const read = (...args: string[]) => readSettings(args, 'default.json');

describe('the flags', () => {
  it('measure everything at three concurrencies and write it, without any', () => {
    expect(read()).toMatchObject({
      isQuick: false,
      contenders: ['direct', 'signalbox', 'haproxy', 'nginx', 'portkey'],
      measurements: ['requests', 'latency', 'streams', 'memory'],
      concurrency: [8, 64, 256],
      streams: 200,
      openStreams: [200, 2200],
      json: 'default.json',
    });
  });

  it('measure the same for a shorter time, at one concurrency, with --quick', () => {
    const [quick, full] = [read('--quick'), read()];
    expect(quick.seconds).toBeLessThan(full.seconds);
    expect(quick.concurrency).toEqual([64]);
    expect(quick.latencyRounds).toBeLessThan(full.latencyRounds);
    expect(quick.measurements).toEqual(full.measurements);
    expect(quick.contenders).toEqual(full.contenders);
    expect(quick.json).toBe('default.json');
  });

  it('take contenders and measurements with --only, in the order of the report', () => {
    expect(read('--only', 'streams, haproxy,signalbox')).toMatchObject({
      contenders: ['signalbox', 'haproxy'],
      measurements: ['streams'],
    });
  });

  it('leave the one kind whole where --only names the other', () => {
    expect(read('--only', 'memory').contenders).toHaveLength(5);
    expect(read('--only', 'nginx').measurements).toHaveLength(4);
  });

  it('do not write figures with holes over the published ones, unless told where to', () => {
    expect(read('--only', 'nginx').json).toBeUndefined();
    expect(read('--only', 'nginx', '--json', 'mine.json').json).toBe('mine.json');
  });

  it('take a length and concurrencies', () => {
    expect(read('--seconds', '0.5', '--concurrency', '1,32')).toMatchObject({
      seconds: 0.5,
      concurrency: [1, 32],
    });
  });
});

describe('a flag that is wrong', () => {
  it.each([
    [['--only', 'envoy'], '--only: found "envoy", allowed are direct, signalbox'],
    [['--only', 'nginx,'], '--only: found ""'],
    [['--seconds', '0'], '--seconds: found "0"'],
    [['--seconds', 'soon'], '--seconds: found "soon"'],
    [['--concurrency', '8,x'], '--concurrency: found "x"'],
    [['--concurrency', '1.5'], '--concurrency: found "1.5", allowed are whole numbers'],
    [['--concurrency', ''], '--concurrency: found ""'],
    [['--fast'], '--fast'],
    [['now'], 'now'],
  ])('%j is refused, naming what was found', (args, message) => {
    expect(() => read(...args)).toThrow(message);
  });
});
