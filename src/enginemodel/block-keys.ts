/** Keys by which KV blocks are shared: key `i` names the content of block `i` and of everything before it. */

/** Keys of the full blocks of a token sequence. */
export function blockKeysOfTokens(tokenIds: ArrayLike<number>, blockTokens: number): Float64Array {
  return runningKeys(Math.floor(tokenIds.length / blockTokens), blockTokens, (index) => tokenIds[index]!);
}

/** Keys of the full blocks of a text, for an engine that counts a fixed number of characters as a token. */
export function blockKeysOfText(text: string, blockCharacters: number): Float64Array {
  return runningKeys(Math.floor(text.length / blockCharacters), blockCharacters, (index) =>
    text.charCodeAt(index),
  );
}

/**
 * Keys for a prompt known only by the ids of coarse blocks, as in Mooncake's traces (one id per 512 tokens): each
 * coarse block becomes several of ours.
 */
export function blockKeysOfCoarseIds(
  ids: readonly number[],
  tokensPerId: number,
  blockTokens: number,
  promptTokens: number,
): Float64Array {
  const blocks = Math.floor(Math.min(promptTokens, ids.length * tokensPerId) / blockTokens);
  return runningKeys(blocks, 1, (block) => ids[Math.floor((block * blockTokens) / tokensPerId)]!);
}

/** A multiply-and-xor hash in two 32-bit lanes that runs on from block to block; 53 bits of it are the key. */
function runningKeys(blocks: number, unitsPerBlock: number, unit: (index: number) => number): Float64Array {
  const keys = new Float64Array(blocks);
  let low = 0x2545f491;
  let high = 0x61c88647;
  let index = 0;
  for (let block = 0; block < blocks; block++) {
    for (let i = 0; i < unitsPerBlock; i++) {
      const value = unit(index++);
      low = Math.imul(low ^ value, 0x01000193);
      high = Math.imul(high ^ value, 0x5bd1e995);
      high ^= high >>> 15;
    }
    low = Math.imul(low ^ (low >>> 16), 0x45d9f3b5) ^ (high >>> 11);
    keys[block] = (high & 0x1fffff) * 4294967296 + (low >>> 0);
  }
  return keys;
}
