/** How near two instances are to each other, from their labels. */

import type { ExecutionInstance } from '../../domain/index.ts';

/** Shares of the nearest; those of the guide (NVLink 1, machine 0.5, rack 0.1, else 0.01), and two between for NUMA node and zone. */
export const TOPOLOGY_AFFINITY = Object.freeze({
  nvlink: 1,
  numaNode: 0.7,
  machine: 0.5,
  rack: 0.1,
  zone: 0.05,
  far: 0.01,
});

/**
 * From `from` to `to`: how fast what is at `from` could be used at `to`. NVLink peers are those whose id or `gpu_bus_id` is in
 * the label `nvlink_peers` of `from`, separated by commas; not symmetric, because that label is not.
 */
export function topologyAffinity(from: ExecutionInstance, to: ExecutionInstance): number {
  const { machine, rack, zone, numa_node: numaNode } = from.labels;
  if (isSame(machine, to.labels.machine)) {
    if (isNvlinkPeer(from, to)) return TOPOLOGY_AFFINITY.nvlink;
    return isSame(numaNode, to.labels.numa_node) ? TOPOLOGY_AFFINITY.numaNode : TOPOLOGY_AFFINITY.machine;
  }
  if (isSame(rack, to.labels.rack)) return TOPOLOGY_AFFINITY.rack;
  return isSame(zone, to.labels.zone) ? TOPOLOGY_AFFINITY.zone : TOPOLOGY_AFFINITY.far;
}

/** Whether both are known to be on the same machine. */
export function isSameMachine(a: ExecutionInstance, b: ExecutionInstance): boolean {
  return isSame(a.labels.machine, b.labels.machine);
}

export function isNvlinkPeer(from: ExecutionInstance, to: ExecutionInstance): boolean {
  const peers = from.labels.nvlink_peers;
  if (peers === undefined || peers === '') return false;
  const busId = to.labels.gpu_bus_id;
  return peers.split(',').some((peer) => {
    const name = peer.trim();
    return name === to.id || (busId !== undefined && name === busId);
  });
}

/** An empty label is none. */
function isSame(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && a !== '' && a === b;
}
