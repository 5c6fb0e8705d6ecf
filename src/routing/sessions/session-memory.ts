/** Which instance answered the latest request of each conversation. */

import type { ExecutionInstance, LifecycleListener, RequestMetadata } from '../../domain/index.ts';
import type { SessionLookup } from '../plugins.ts';
import { PutOffDispatches } from '../put-off.ts';

/** Conversations remembered, about 200 bytes each; the one unused the longest is forgotten first. */
const DEFAULT_MAX_SESSIONS = 100_000;

export class SessionMemory implements LifecycleListener, SessionLookup {
  readonly #maxSessions: number;
  /** In the order of their latest request. */
  readonly #last = new Map<string, ExecutionInstance>();
  readonly #putOff = new PutOffDispatches((request, instance) => this.#remember(request, instance));

  constructor(maxSessions = DEFAULT_MAX_SESSIONS) {
    this.#maxSessions = maxSessions;
  }

  get size(): number {
    this.#putOff.settle();
    return this.#last.size;
  }

  lastInstance(request: RequestMetadata): ExecutionInstance | undefined {
    this.#putOff.settle();
    const key = sessionKey(request);
    return key === undefined ? undefined : this.#last.get(key);
  }

  onRequestDispatched(request: RequestMetadata, instance: ExecutionInstance): void {
    if (request.session !== undefined || request.user !== undefined) this.#putOff.add(request, instance);
  }

  onSettled(): void {
    this.#putOff.settle();
  }

  /** Forgets a conversation, or all. */
  forget(request?: RequestMetadata): void {
    this.#putOff.settle();
    if (request === undefined) this.#last.clear();
    else this.#last.delete(sessionKey(request) ?? '');
  }

  #remember(request: RequestMetadata, instance: ExecutionInstance): void {
    const key = sessionKey(request)!;
    this.#last.delete(key);
    this.#last.set(key, instance);
    if (this.#last.size > this.#maxSessions) this.#last.delete(this.#last.keys().next().value!);
  }
}

/** A session, or a user where the request names no session; of one tenant only. */
function sessionKey({ session, user, tenant = '' }: RequestMetadata): string | undefined {
  if (session !== undefined) return `s\0${tenant}\0${session}`;
  return user === undefined ? undefined : `u\0${tenant}\0${user}`;
}
