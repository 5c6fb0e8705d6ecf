import { describe, expect, it } from 'vitest';
import { hardwareOf, KNOWN_HARDWARE } from './hardware.ts';
import { createNode } from './node.ts';

describe('known hardware', () => {
  it.each([
    ['H100', 989.4, 80],
    ['NVIDIA H100 80GB HBM3', 989.4, 80],
    ['NVIDIA GeForce RTX 4090', 165.2, 24],
    ['rtx-3090', 71, 24],
    ['AMD Instinct MI300X', 1307.4, 192],
    ['A100', 312, 80],
  ])('%s', (name, tflopsFp16, memoryGb) => {
    expect(hardwareOf(name)).toMatchObject({ tflopsFp16, memoryGb, gpuCount: 1 });
  });

  it('takes the memory of an Apple chip from whoever has one', () => {
    expect(hardwareOf('Apple M4 Max', { memoryGb: 128 })).toMatchObject({ memoryGb: 128, device: 'mlx' });
    expect(() => hardwareOf('M4 Max')).toThrow(
      'memoryGb is undefined; the memory of the M4 Max in GB is wanted',
    );
  });

  it('counts GPUs', () => {
    expect(hardwareOf('H100', { gpuCount: 8 }).gpuCount).toBe(8);
    expect(() => hardwareOf('H100', { gpuCount: 0 })).toThrow('gpuCount is 0');
  });

  it('names the nearest where it knows none of the name', () => {
    expect(() => hardwareOf('H101')).toThrow('No GPU named H101 is known; the nearest is H100.');
  });

  it('is all fit to be a node, under names of its own, with a source', () => {
    const names = KNOWN_HARDWARE.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, source } of KNOWN_HARDWARE) {
      expect(source).not.toBe('');
      expect(createNode({ id: name, hardware: hardwareOf(name, { memoryGb: 16 }) }).hardware.gpuName).toBe(
        name,
      );
    }
  });
});
