/** Which free sequence a prompt runs in, so that what an earlier request left in its KV cache is computed only once. */

/** Below this share of the prompt, reuse is not worth throwing away a fresher cache (llama.cpp's `--slot-prompt-similarity`). */
export const LEAST_SHARE_TO_REUSE = 0.1;

export function commonPrefixLength(left: readonly number[], right: readonly number[]): number {
  const longest = Math.min(left.length, right.length);
  let length = 0;
  while (length < longest && left[length] === right[length]) length++;
  return length;
}

/**
 * The index of the cache that shares the longest prefix with the prompt, or else of the first.
 * @param caches the tokens that each free sequence holds, least recently used first; at least one
 */
export function chooseSequence(caches: readonly (readonly number[])[], prompt: readonly number[]): number {
  let best = 0;
  let bestLength = 0;
  for (const [index, cache] of caches.entries()) {
    const length = commonPrefixLength(cache, prompt);
    if (length > bestLength) [best, bestLength] = [index, length];
  }
  return bestLength >= prompt.length * LEAST_SHARE_TO_REUSE ? best : 0;
}
