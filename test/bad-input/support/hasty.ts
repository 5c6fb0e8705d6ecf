/** A house that gives up soon, so that tests need not wait, and how a call fails in it. */

import { type Failure, failureOf } from './calls.ts';
import type { House } from './house.ts';

/** Every try may be repeated; requests that no instance is left for are not kept. */
export const HASTY = {
  upstream: { pushBackMs: 100 },
  retries: { maxRetries: 2, budgetShare: 1 },
  queue: { noInstanceWaitMs: 100 },
};

/** The same, and not waiting for engines that say nothing. */
export const IMPATIENT = { ...HASTY, upstream: { firstByteTimeoutMs: 300, idleTimeoutMs: 300 } };

export async function failing(
  house: House,
  isStream: boolean | undefined,
): Promise<Failure & { attempts: string | null }> {
  const response = await house.chat(isStream ? { stream: true } : {});
  return { ...(await failureOf(response)), attempts: response.headers.get('x-signalbox-attempts') };
}
