/** What instances are called: `host:port` by people, a UUID by the queue. The same address always has the same UUID, in every process. */

import { createHash } from 'node:crypto';

/** Namespace of our name-based UUIDs (RFC 9562, section 5.5), drawn once at random. */
const NAMESPACE = Buffer.from('6f0b3a5d1c5e4f6b9d0a7c41f2e85a13', 'hex');

/** @param instanceId the instance's id in the fleet: `host:port`, or what the configuration calls it */
export function uuidOfInstance(instanceId: string): string {
  const digest = createHash('sha1').update(NAMESPACE).update(instanceId).digest().subarray(0, 16);
  digest[6] = (digest[6]! & 0x0f) | 0x50;
  digest[8] = (digest[8]! & 0x3f) | 0x80;
  const hex = digest.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** `host:port` with an IPv6 address in brackets, in lower case. */
export function hostAndPort(host: string, port: number): string {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return `${bare.includes(':') ? `[${bare}]` : bare}:${port}`;
}
