/** Which addresses may be called on behalf of somebody else: a door through which requests could be forged otherwise. */

import { BlockList, isIP } from 'node:net';

export interface PortRange {
  readonly from: number;
  readonly to: number;
}

export interface AddressRules {
  /** Ranges that may be called, as in `10.0.0.0/8`. */
  readonly allowedCidrs: readonly string[];
  /** Whether every address of the public internet may be called, too. */
  readonly allowsPublic: boolean;
  readonly allowedPorts: readonly PortRange[];
}

export interface AddressCheck {
  /** Why this IP address may not be called, in words; `undefined` when it may. */
  refusal(address: string): string | undefined;
  portRefusal(port: number): string | undefined;
}

/** Where clouds hand out credentials to whoever asks from the machine itself, and link-local ranges as a whole. */
const NEVER = [
  '169.254.0.0/16',
  'fe80::/10',
  // Alibaba Cloud, Oracle Cloud, Azure, AWS over IPv6.
  '100.100.100.200/32',
  '192.0.0.192/32',
  '168.63.129.16/32',
  'fd00:ec2::/32',
  // Nobody in particular, and everybody at once.
  '0.0.0.0/8',
  '::/128',
  '224.0.0.0/4',
  'ff00::/8',
  '255.255.255.255/32',
] as const;

/** What is not the public internet (IANA's registries of special-purpose addresses). */
const SPECIAL = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '240.0.0.0/4',
  '::1/128',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  'fc00::/7',
  'fec0::/10',
] as const;

const never = blockListOf(NEVER);
const special = blockListOf(SPECIAL);

export function createAddressCheck({ allowedCidrs, allowsPublic, allowedPorts }: AddressRules): AddressCheck {
  const allowed = blockListOf(allowedCidrs);
  return {
    refusal(address) {
      const addresses = withEmbedded(address);
      if (addresses.length === 0) return `"${address}" is not an IP address`;
      if (addresses.some((one) => contains(never, one)))
        return `${address} is an address that is never called (cloud metadata, link-local, multicast, unspecified)`;
      const inner = addresses.at(-1)!;
      if (contains(allowed, inner) || contains(allowed, addresses[0]!)) return undefined;
      if (allowsPublic && addresses.every((one) => !contains(special, one))) return undefined;
      const ranges = [...(allowsPublic ? ['public addresses'] : []), ...allowedCidrs];
      return `${address} is not in the allowed ranges (${ranges.join(', ') || 'none'})`;
    },
    portRefusal(port) {
      if (allowedPorts.some(({ from, to }) => port >= from && port <= to)) return undefined;
      const ranges = allowedPorts.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`));
      return `port ${port} is not among the allowed ports (${ranges.join(', ') || 'none'})`;
    },
  };
}

/** @throws RangeError when it is no range */
export function parseCidr(text: string): {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
} {
  const [address = '', length, ...rest] = text.trim().split('/');
  const version = isIP(address);
  const longest = version === 4 ? 32 : 128;
  const prefix = length === undefined ? longest : Number(length);
  const isLength = length === undefined || /^\d{1,3}$/.test(length);
  if (version === 0 || rest.length > 0 || !isLength || prefix > longest || address.includes('%'))
    throw new RangeError(`"${text}" is not an address range such as 10.0.0.0/8 or fd00::/8`);
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}

/** @throws RangeError when it is no range of ports */
export function parsePortRange(text: string | number): PortRange {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(String(text).trim());
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? match?.[1]);
  if (match === null || from < 1 || to > 65_535 || from > to)
    throw new RangeError(`"${text}" is not a port or a range of ports such as 8000 or 1024-65535`);
  return { from, to };
}

function blockListOf(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const { address, prefix, family } = parseCidr(cidr);
    list.addSubnet(address, prefix, family);
  }
  return list;
}

function contains(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
}

/** The address, and after it the IPv4 address that it wraps: what is reached in the end is what counts. */
function withEmbedded(address: string): readonly string[] {
  const bare = address.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '');
  const version = isIP(bare);
  if (version === 0) return [];
  if (version === 4) return [bare];
  const groups = groupsOf(bare);
  const inner = embeddedIpv4(groups);
  // As an IPv4 address alone, since lists would read a mapped one as both.
  if (inner !== undefined && isMapped(groups)) return [inner];
  return inner === undefined ? [bare] : [bare, inner];
}

/** An IPv4 address that is written as an IPv6 one, as itself; every other text as it is. */
export function unmapped(host: string): string {
  if (isIP(host) !== 6 || host.includes('%')) return host;
  const groups = groupsOf(host);
  return isMapped(groups) ? dotted(groups[6]!, groups[7]!) : host;
}

function isMapped(groups: readonly number[]): boolean {
  return groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
}

function embeddedIpv4(groups: readonly number[]): string | undefined {
  const isZero = (from: number, to: number) => groups.slice(from, to).every((group) => group === 0);
  const [first, second] = groups as [number, number];
  if (isMapped(groups)) return dotted(groups[6]!, groups[7]!);
  // IPv4-compatible; ::1 and :: are themselves.
  if (isZero(0, 6) && groups[6] !== 0) return dotted(groups[6]!, groups[7]!);
  if (first === 0x64 && second === 0xff9b && isZero(2, 6)) return dotted(groups[6]!, groups[7]!);
  if (first === 0x2002) return dotted(second, groups[2]!);
  return undefined;
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

/** The eight groups of an IPv6 address; the URL parser writes them all in hexadecimal. */
function groupsOf(address: string): number[] {
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const parse = (part: string) =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const before = parse(head);
  const after = tail === undefined ? [] : parse(tail);
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}
