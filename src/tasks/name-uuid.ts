/** UUIDs made from names: whoever makes one from the same name has the same UUID (RFC 9562). */

import { createHash } from 'node:crypto';

/** Version 8 (section 5.8) over SHA-256. */
export function uuidOfName(name: string): string {
  return uuidOf(createHash('sha256').update(name).digest(), 8);
}

/** Version 5 (section 5.5): SHA-1 over a namespace and a name. */
export function uuidInNamespace(namespace: Uint8Array, name: string): string {
  return uuidOf(createHash('sha1').update(namespace).update(name).digest(), 5);
}

function uuidOf(digest: Buffer, version: 5 | 8): string {
  const bytes = digest.subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | (version << 4);
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
