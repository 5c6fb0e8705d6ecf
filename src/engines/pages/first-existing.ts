/** One page of which it is not known where an engine has it. */

import type { PageOutcome } from './page-client.ts';

/** Statuses by which servers say that there is no such page; llama.cpp answers 501 for one that is switched off. */
export const MISSING_PAGE_STATUSES: ReadonlySet<number> = new Set([404, 405, 501]);

/**
 * Asks the paths in order until one exists, and starts with that one the next time.
 * When none does the answer for the first is returned.
 */
export function createFirstExisting(
  paths: readonly string[],
): (get: (path: string) => Promise<PageOutcome>) => Promise<PageOutcome | undefined> {
  let start = 0;
  return async function getFirstExisting(get) {
    let missing: PageOutcome | undefined;
    for (let step = 0; step < paths.length; step++) {
      const index = (start + step) % paths.length;
      const outcome = await get(paths[index]!);
      if (outcome.ok || !MISSING_PAGE_STATUSES.has(outcome.status ?? 0)) {
        start = index;
        return outcome;
      }
      missing ??= outcome;
    }
    return missing;
  };
}
