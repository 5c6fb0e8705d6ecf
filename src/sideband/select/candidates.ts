/** The members that a request names as active, found among those of the pool. */

import { type Member, memberName } from '../pools/member.ts';
import type { Pool } from '../pools/pool.ts';

/** A port as the existing scheduler takes it: blanks around it, a sign, leading zeros, `_` between digits. */
const PORT = /^\s*([+-]?\d+(?:_\d+)*)\s*$/;

/** `undefined` when the text is no `ip:port`. The address is compared as text. */
export function parseMemberName(text: string): { readonly ip: string; readonly port: number } | undefined {
  const colon = text.lastIndexOf(':');
  const digits = colon < 0 ? undefined : PORT.exec(text.slice(colon + 1))?.[1];
  if (digits === undefined) return undefined;
  return { ip: text.slice(0, colon), port: Number(digits.replaceAll('_', '')) };
}

/** The pool's members that are named, in the pool's order. */
export function namedMembers(pool: Pool, names: readonly string[]): readonly Member[] {
  const wanted = new Set<Member>();
  for (const text of names) {
    const address = parseMemberName(text);
    const member = address && pool.find(memberName(address));
    if (member !== undefined) wanted.add(member);
  }
  if (wanted.size <= 1) return [...wanted];
  return pool.members.filter((member) => wanted.has(member));
}
