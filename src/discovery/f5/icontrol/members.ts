/** The members that the appliance lists for a pool. */

import { ApplianceError } from './appliance-error.ts';

export interface ListedMember {
  /** As the appliance writes it; `10.0.0.1%2` in a route domain. */
  readonly ip: string;
  readonly port: number;
}

/**
 * Members of every state: the load balancer says with each question which of them are active. One without an address, or
 * whose name does not end in a port that is not 0, is left out.
 * @throws ApplianceError when the text is no list of members
 */
export function parseMembers(text: string): readonly ListedMember[] {
  const items = itemsOf(text);
  return items.flatMap((item) => {
    const { address, name } = (item ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof address !== 'string' || address === '' || typeof name !== 'string') return [];
    const port = Number(/:(\d+)$/.exec(name)?.[1] ?? 0);
    return port === 0 ? [] : [{ ip: address, port }];
  });
}

function itemsOf(text: string): readonly unknown[] {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new ApplianceError('unreadable', 'the list of members is not JSON');
  }
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) {
    throw new ApplianceError('unreadable', 'the list of members is not an object');
  }
  const { items = [] } = answer as { readonly items?: unknown };
  if (!Array.isArray(items))
    throw new ApplianceError('unreadable', 'items of the list of members is not a list');
  return items;
}
