/** What the gateway sends to a chain occupies each of its nodes from when it is dispatched until it ends. */

import type { LifecycleListener } from '../domain/index.ts';
import type { ChainService } from './chain-service.ts';

export function createChainListener(service: () => ChainService | undefined): LifecycleListener {
  const held = new Set<string>();
  const end = (requestId: string): void => {
    if (held.delete(requestId)) service()?.end(requestId);
  };
  return {
    onRequestDispatched({ id }, instance) {
      const chains = service();
      if (chains?.chain(instance.id) === undefined || held.has(id)) return;
      held.add(id);
      chains.reserve(id, instance.id);
    },
    onRequestCompleted: ({ id }) => end(id),
    onRequestFailed: ({ id }) => end(id),
  };
}
