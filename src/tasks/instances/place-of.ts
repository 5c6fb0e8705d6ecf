/** Where a registration says that something is. */

import { isIP } from 'node:net';
import { unmapped } from './address-check.ts';
import { hostAndPort } from './instance-names.ts';
import type { RegistrationWish } from './instance-registry.ts';

export type Place =
  | { readonly url: string; readonly host: string; readonly port: number }
  | { readonly reason: string };

/** Only a host and a port: whatever else the URL parser would read into the text is refused. */
export function placeOf({ host, port }: RegistrationWish): Place {
  const bare = unmapped(host.trim().replace(/^\[(.*)\]$/, '$1'));
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    return { reason: `port must be a whole number from 1 to 65535; found ${port}` };
  }
  if (!/^[\w.-]+$|^[\da-f:.]+$/i.test(bare)) {
    return { reason: `host must be a name or an IP address; found ${JSON.stringify(host.slice(0, 200))}` };
  }
  const parsed = URL.parse(`http://${hostAndPort(bare, port)}`);
  if (parsed === null)
    return { reason: `host must be a name or an IP address; found ${JSON.stringify(host.slice(0, 200))}` };
  return {
    url: parsed.origin.includes(`:${port}`) ? parsed.origin : `${parsed.origin}:${port}`,
    host: parsed.hostname,
    port,
  };
}

/** Where only one listener can be: no name by which a proxy may tell several apart. */
export function isPlainAddress(host: string): boolean {
  return host === 'localhost' || isIP(host.replace(/^\[(.*)\]$/, '$1')) !== 0;
}

/** `host:port` as instances are known by it, however an IPv6 address in it is written. */
export function canonicalAddress(address: string): string {
  const colon = address.lastIndexOf(':');
  const host = unmapped(address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'));
  return hostAndPort(host, Number(address.slice(colon + 1)));
}
