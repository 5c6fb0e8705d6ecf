/** Makes many choices at once, to see how they spread. */

import type { Pool } from '../pools/pool.ts';
import { chooseAmong, type SelectConditions, type SelectRequest } from '../select/select.ts';

export interface Round {
  /** From 1. */
  readonly round: number;
  readonly selected: string;
}

/** The rounds in which a member was chosen. */
export function rounds(
  pool: Pool,
  request: SelectRequest,
  iterations: number,
  conditions: SelectConditions,
): readonly Round[] {
  const chosen: Round[] = [];
  for (let round = 1; round <= iterations; round++) {
    const { member } = chooseAmong(pool, request, conditions);
    if (member !== undefined) chosen.push({ round, selected: member.name });
  }
  return chosen;
}

/** How often each member was chosen, in the order in which they came up. */
export function countByMember(chosen: readonly Round[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { selected } of chosen) counts.set(selected, (counts.get(selected) ?? 0) + 1);
  return counts;
}
