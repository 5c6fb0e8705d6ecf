import { describe, expect, it } from 'vitest';
import type { CapacitySource, ShareSource } from '../adapter.ts';
import { createExpositionReader } from '../exposition/index.ts';
import { readAdapters, readCapacity, readCount, readShare } from './sources.ts';

const NAMES = ['m', 'part', 'whole', 'size', 'blocks', 'info', 'lora'];
const readSamples = createExpositionReader(NAMES.map((name) => ({ name, withLabels: true })));

describe('readCount', () => {
  it('sums over engine cores', () => {
    expect(readCount(readSamples('m{engine="0"} 3\nm{engine="1"} 4\n'), { name: 'm' })).toBe(7);
  });

  it('tells zero requests from an unknown number', () => {
    expect(readCount(readSamples('m 0\n'), { name: 'm' })).toBe(0);
    expect(readCount(readSamples('m NaN\n'), { name: 'm' })).toBeUndefined();
    expect(readCount(readSamples(''), { name: 'm' })).toBeUndefined();
  });

  it('says nothing where numbers are too large to be added up', () => {
    expect(
      readCount(readSamples('m{engine="0"} 1e308\nm{engine="1"} 1e308\n'), { name: 'm' }),
    ).toBeUndefined();
  });
});

describe('readShare of a gauge', () => {
  const gauge = (unit: 'fraction' | 'percent'): ShareSource => ({
    type: 'gauge',
    metric: { name: 'm' },
    unit,
  });

  it.each([
    ['0', 'fraction', 0],
    ['0.25', 'fraction', 0.25],
    ['1', 'fraction', 1],
    ['1.0000001', 'fraction', 1],
    ['30', 'percent', 0.3],
    ['0.5', 'percent', 0.005],
    ['100.4', 'percent', 1],
  ] as const)('takes %s as %s for %d', (value, unit, expected) => {
    expect(readShare(readSamples(`m ${value}\n`), gauge(unit))).toBeCloseTo(expected, 9);
  });

  it.each([
    ['30', 'fraction'],
    ['130', 'percent'],
    ['-0.25', 'fraction'],
    ['NaN', 'fraction'],
    ['+Inf', 'percent'],
  ] as const)('takes %s as %s for no share at all', (value, unit) => {
    expect(readShare(readSamples(`m ${value}\n`), gauge(unit))).toBeUndefined();
  });

  it('is the mean over engine cores', () => {
    expect(readShare(readSamples('m{engine="0"} 0.5\nm{engine="1"} 0.1\n'), gauge('fraction'))).toBeCloseTo(
      0.3,
    );
  });
});

describe('readShare of a ratio', () => {
  const ratio: ShareSource = { type: 'ratio', part: { name: 'part' }, whole: { name: 'whole' } };

  it('divides what all engine cores have together', () => {
    const page = 'part{engine="0"} 10\npart{engine="1"} 20\nwhole{engine="0"} 100\nwhole{engine="1"} 50\n';
    expect(readShare(readSamples(page), ratio)).toBeCloseTo(0.2);
  });

  it.each(['part 0\nwhole 0\n', 'part 3\n', 'whole 3\n', 'part 4\nwhole 2\n'])(
    'has no answer on %j',
    (page) => {
      expect(readShare(readSamples(page), ratio)).toBeUndefined();
    },
  );

  it('is 0 when nothing was found in something', () => {
    expect(readShare(readSamples('part 0\nwhole 7\n'), ratio)).toBe(0);
  });
});

describe('readCapacity', () => {
  const blocks: CapacitySource = {
    type: 'blocks',
    tokensPerBlock: { name: 'size' },
    blocks: { name: 'blocks' },
  };
  const info: CapacitySource = {
    type: 'info',
    name: 'info',
    tokensPerBlock: 'block_size',
    blocks: 'num_blocks',
  };
  const tokens: CapacitySource = { type: 'tokens', metric: { name: 'm' } };

  it.each([
    [tokens, 'm 5000\n', 5000],
    [tokens, 'm{engine="0"} 5000\nm{engine="1"} 5000\n', 10_000],
    [blocks, 'size 16\nblocks 100\n', 1600],
    [
      blocks,
      'size{engine="0"} 16\nsize{engine="1"} 16\nblocks{engine="0"} 100\nblocks{engine="1"} 50\n',
      2400,
    ],
    [info, 'info{block_size="16",num_blocks="100"} 1\n', 1600],
    [
      info,
      'info{block_size="16",engine="0",num_blocks="100"} 1\ninfo{block_size="16",engine="1",num_blocks="100"} 1\n',
      3200,
    ],
    [
      info,
      'info{block_size="1",num_blocks="9",tp_rank="0"} 1\ninfo{block_size="1",num_blocks="9",tp_rank="1"} 1\n',
      9,
    ],
  ])('%j on %j is %d', (source, page, expected) => {
    expect(readCapacity(readSamples(page), source)).toBe(expected);
  });

  it.each([
    [tokens, 'm 0\n'],
    [blocks, 'size 16\n'],
    [blocks, 'size 0\nblocks 100\n'],
    [info, 'info{block_size="16",num_blocks="None"} 1\n'],
    [info, 'info{block_size="16"} 1\n'],
    [info, 'info{block_size="16",num_blocks="-4"} 1\n'],
    [info, 'info{block_size="",num_blocks="100"} 1\n'],
  ])('%j on %j is not known', (source, page) => {
    expect(readCapacity(readSamples(page), source)).toBeUndefined();
  });
});

describe('readAdapters', () => {
  const source = { name: 'lora', label: 'running' };

  it('reads the newest series, in which order they may be written', () => {
    const page = 'lora{running="old"} 100\nlora{running="new, newer"} 300\nlora{running=""} 200\n';
    expect(readAdapters(readSamples(page), source)).toEqual(['new', 'newer']);
  });

  it('tells no adapters from nothing said of adapters', () => {
    expect(readAdapters(readSamples('lora{running=""} 1\n'), source)).toEqual([]);
    expect(readAdapters(readSamples('lora{other="x"} 1\n'), source)).toBeUndefined();
    expect(readAdapters(readSamples('m 1\n'), source)).toBeUndefined();
  });

  it('names each adapter once', () => {
    expect(readAdapters(readSamples('lora{running="a,b,,a "} 1\n'), source)).toEqual(['a', 'b']);
  });
});

describe('readCapacity of blocks', () => {
  it('says nothing where their product is no number', () => {
    const source: CapacitySource = {
      type: 'blocks',
      tokensPerBlock: { name: 'size' },
      blocks: { name: 'blocks' },
    };
    expect(readCapacity(readSamples('size 64\nblocks 100\n'), source)).toBe(6_400);
    expect(readCapacity(readSamples('size 1e200\nblocks 1e200\n'), source)).toBeUndefined();
  });
});
