import { describe, expect, it } from 'vitest';
import { anInstance } from '../../../test/builders.ts';
import { isNvlinkPeer, isSameMachine, topologyAffinity } from './affinity.ts';

const at = (id: string, labels: Record<string, string> = {}) => anInstance(id, { labels });

describe('topology affinity', () => {
  const from = { machine: 'm1', rack: 'r1', zone: 'z1', numa_node: '0', nvlink_peers: 'b, GPU-7' };
  it.each<[string, Record<string, string>, number]>([
    ['an NVLink peer by its id', { machine: 'm1' }, 1],
    ['the same machine', { machine: 'm1', numa_node: '1' }, 0.5],
    ['the same NUMA node', { machine: 'm1', numa_node: '0' }, 0.7],
    ['the same rack', { machine: 'm2', rack: 'r1' }, 0.1],
    ['the same zone', { rack: 'r2', zone: 'z1' }, 0.05],
    ['elsewhere', { zone: 'z2' }, 0.01],
  ])('to %s', (what, labels, expected) => {
    const to = at(what.startsWith('an NVLink') ? 'b' : 'c', labels);
    expect(topologyAffinity(at('a', from), to)).toBe(expected);
  });

  it('knows NVLink peers by their bus id too, on the same machine only', () => {
    const peer = at('c', { machine: 'm1', gpu_bus_id: 'GPU-7' });
    expect(topologyAffinity(at('a', from), peer)).toBe(1);
    expect(isNvlinkPeer(at('a', from), peer)).toBe(true);
    expect(topologyAffinity(at('a', from), at('b', { machine: 'm2' }))).toBe(0.01);
  });

  it('is not symmetric, because the label is not', () => {
    const a = at('a', from);
    const b = at('b', { machine: 'm1' });
    expect([topologyAffinity(a, b), topologyAffinity(b, a)]).toEqual([1, 0.5]);
  });

  it('takes an empty label for none', () => {
    expect(isSameMachine(at('a', { machine: '' }), at('b', { machine: '' }))).toBe(false);
    expect(topologyAffinity(at('a', { rack: '', zone: '' }), at('b', { rack: '', zone: '' }))).toBe(0.01);
  });
});
