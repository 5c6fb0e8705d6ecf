/** The simulated tokenizer: a token is four characters, its id a hash that can be turned back into text of that length. */

import { CHARACTERS_PER_TOKEN } from './plausible-text.ts';

/** Llama 3's vocabulary size, so that ids look right. */
const VOCABULARY = 128_000;

/** Depends on the length only, so that a prompt's extension never changes the count of what came before. */
export function countTokens(text: string): number {
  return Math.max(1, Math.ceil(text.length / CHARACTERS_PER_TOKEN));
}

export function tokenIdsOf(text: string): readonly number[] {
  const ids: number[] = [];
  for (let at = 0; at < text.length; at += CHARACTERS_PER_TOKEN) {
    let hash = 0;
    for (const character of text.slice(at, at + CHARACTERS_PER_TOKEN)) {
      hash = (Math.imul(hash, 31) + character.charCodeAt(0)) | 0;
    }
    ids.push((hash >>> 0) % VOCABULARY);
  }
  return ids;
}

/** Four characters for each id, different for different ids: enough to count and to share prefixes. */
export function textOfTokenIds(ids: readonly number[]): string {
  return ids
    .map((id) => id.toString(36).slice(-CHARACTERS_PER_TOKEN).padStart(CHARACTERS_PER_TOKEN, ' '))
    .join('');
}
