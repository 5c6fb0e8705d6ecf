import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { anInstance } from '../../../test/builders.ts';
import { topologyAffinity } from './affinity.ts';
import { type GpuTopology, parseNvidiaTopology, topologyLabels } from './nvidia-topology.ts';

const FIXTURES = new URL('__fixtures__/', import.meta.url);
const fixture = (name: string): string => readFileSync(new URL(`${name}.txt`, FIXTURES), 'utf8');
/** Others of `count` GPUs. */
const others = (gpu: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => i).filter((i) => i !== gpu);

describe('the output of nvidia-smi topo -m', () => {
  const layouts: Record<string, readonly GpuTopology[]> = {
    'one-gpu': [{ gpu: 0, nvlinkPeers: [], numaNode: 0 }],
    'four-nvlink': [0, 1, 2, 3].map((gpu) => ({
      gpu,
      nvlinkPeers: others(gpu, 4),
      numaNode: gpu < 2 ? 0 : 1,
    })),
    'eight-h100': [0, 1, 2, 3, 4, 5, 6, 7].map((gpu) => ({
      gpu,
      nvlinkPeers: others(gpu, 8),
      numaNode: gpu < 4 ? 0 : 1,
    })),
    'pcie-numa': [0, 1, 2, 3].map((gpu) => ({ gpu, nvlinkPeers: [], numaNode: gpu < 2 ? 0 : 1 })),
    'pairs-in-blanks': [1, 0, 3, 2].map((peer, gpu) => ({ gpu, nvlinkPeers: [peer] })),
  };

  it.each(Object.entries(layouts))('is read: %s', (name, expected) => {
    expect(parseNvidiaTopology(fixture(name))).toEqual(expected);
  });

  it('has an expectation for each fixture', () => {
    const names = readdirSync(FIXTURES).map((file) => file.replace('.txt', ''));
    expect(new Set(names)).toEqual(new Set(Object.keys(layouts)));
  });

  it('is read with line ends of Windows', () => {
    const text = fixture('four-nvlink').replaceAll('\n', '\r\n');
    expect(parseNvidiaTopology(text)).toEqual(layouts['four-nvlink']);
  });

  it.each([
    ['nothing', '', 'expected the matrix of `nvidia-smi topo -m`, found nothing'],
    [
      'another output',
      'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.\n',
      'expected the matrix of `nvidia-smi topo -m`, found "NVIDIA-SMI has failed because it could not',
    ],
    ['a header only', '\tGPU0\tGPU1\tCPU Affinity\n', 'the row of GPU0 is missing'],
    ['a row that is missing', '\tGPU0\tGPU1\nGPU0\t X \tNV4\n', 'the row of GPU1 is missing'],
    [
      'a cell that is none',
      '\tGPU0\tGPU1\nGPU0\t X \tFAST\nGPU1\tNV4\t X \n',
      'GPU0 to GPU1 must be X, NV followed by a number, SYS, NODE, PHB, PXB, PIX, C2C or N/A, found "FAST"',
    ],
    [
      'a row that is too short',
      '\tGPU0\tGPU1\nGPU0\t X \nGPU1\tNV4\t X \n',
      'GPU0 to GPU1 must be X, NV followed by a number, SYS, NODE, PHB, PXB, PIX, C2C or N/A, found nothing',
    ],
  ])('is refused with a clear error: %s', (_, text, message) => {
    expect(() => parseNvidiaTopology(text)).toThrow(RangeError);
    expect(() => parseNvidiaTopology(text)).toThrow(message);
  });
});

describe('labels from the topology', () => {
  const idOf = (gpu: number): string => `engine-${gpu}`;

  it('name machine, NUMA node and the instances on NVLink peers', () => {
    const labels = topologyLabels(parseNvidiaTopology(fixture('pairs-in-blanks')), 'host-7', idOf);
    expect(labels.get(0)).toEqual({ machine: 'host-7', nvlink_peers: 'engine-1' });
    const pcie = topologyLabels(parseNvidiaTopology(fixture('pcie-numa')), 'host-7', idOf);
    expect(pcie.get(3)).toEqual({ machine: 'host-7', numa_node: '1' });
  });

  it('leave out GPUs without an instance, also as peers', () => {
    const gpus = parseNvidiaTopology(fixture('four-nvlink'));
    const labels = topologyLabels(gpus, 'h', (gpu) => (gpu < 2 ? `e${gpu}` : undefined));
    expect([...labels.keys()]).toEqual([0, 1]);
    expect(labels.get(0)).toEqual({ machine: 'h', numa_node: '0', nvlink_peers: 'e1' });
  });

  it('make instances as near as their GPUs are', () => {
    const nearness = (name: string): number => {
      const labels = topologyLabels(parseNvidiaTopology(fixture(name)), 'h', idOf);
      const [first, last] = [0, 3].map((gpu) => anInstance(idOf(gpu), { labels: labels.get(gpu)! }));
      return topologyAffinity(first!, last!);
    };
    expect(nearness('four-nvlink')).toBe(1);
    expect(nearness('pcie-numa')).toBe(0.5);
  });
});
