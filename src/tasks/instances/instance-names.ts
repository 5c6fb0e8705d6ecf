/** What instances are called: `host:port` by people, a UUID by the queue. The same address always has the same UUID, in every process. */

import { uuidInNamespace } from '../name-uuid.ts';

/** Namespace of our name-based UUIDs (RFC 9562, section 5.5), drawn once at random. */
const NAMESPACE = Buffer.from('6f0b3a5d1c5e4f6b9d0a7c41f2e85a13', 'hex');

/** @param instanceId the instance's id in the fleet: `host:port`, or what the configuration calls it */
export function uuidOfInstance(instanceId: string): string {
  return uuidInNamespace(NAMESPACE, instanceId);
}

/** `host:port` with an IPv6 address in brackets, in lower case. */
export function hostAndPort(host: string, port: number): string {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return `${bare.includes(':') ? `[${bare}]` : bare}:${port}`;
}
