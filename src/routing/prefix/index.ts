/** Which instance holds how much of a prompt's prefix. */

export {
  type ByteSpan,
  MAX_PREFIX_BLOCKS,
  PREFIX_BLOCK_BYTES,
  type PrefixBlockOptions,
  type PromptPrefix,
  prefixBlocksOfBytes,
  prefixBlocksOfIds,
  prefixBlocksOfSpans,
  promptPrefixOf,
} from './block-hash.ts';
export { DEFAULT_PREFIX_INDEX_SETTINGS, PrefixIndex, type PrefixIndexSettings } from './prefix-index.ts';
