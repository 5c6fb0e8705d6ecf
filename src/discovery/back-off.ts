/** How long to wait before an address that gave no answer is asked again. */

const FIRST_MS = 500;
const LONGEST_MS = 15_000;
/** An engine that says it is loading will be ready at a moment nobody knows, and asking it costs little. */
const LOADING_MS = 1000;

export function lookUpDelayMs(consecutiveFailures: number, isLoading: boolean): number {
  if (isLoading) return LOADING_MS;
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.max(0, consecutiveFailures - 1));
}
