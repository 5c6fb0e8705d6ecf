/** Many listeners as one. */

import type { LifecycleListener } from '../domain/index.ts';

export function combineListeners(listeners: readonly LifecycleListener[]): Required<LifecycleListener> {
  return {
    onRequestDispatched(...news) {
      for (const listener of listeners) listener.onRequestDispatched?.(...news);
    },
    onFirstToken(...news) {
      for (const listener of listeners) listener.onFirstToken?.(...news);
    },
    onRequestCompleted(...news) {
      for (const listener of listeners) listener.onRequestCompleted?.(...news);
    },
    onRequestFailed(...news) {
      for (const listener of listeners) listener.onRequestFailed?.(...news);
    },
    onInstanceRegistered(...news) {
      for (const listener of listeners) listener.onInstanceRegistered?.(...news);
    },
    onInstanceRemoved(...news) {
      for (const listener of listeners) listener.onInstanceRemoved?.(...news);
    },
    onInstanceEjected(...news) {
      for (const listener of listeners) listener.onInstanceEjected?.(...news);
    },
    onInstanceReported(...news) {
      for (const listener of listeners) listener.onInstanceReported?.(...news);
    },
    onSettled() {
      for (const listener of listeners) listener.onSettled?.();
    },
  };
}
