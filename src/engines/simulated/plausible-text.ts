/** Text that looks like an answer, made of four-character tokens, the same for the same prompt and seed. */

import type { Random } from '../../domain/index.ts';
import { randomIndex, seededRandom } from '../../domain/index.ts';

/** Characters that count as one token, the usual rule of thumb for English. */
export const CHARACTERS_PER_TOKEN = 4;

const WORDS = (
  'the a this that one each of to in on for with from by as is are was can will may must not and or but so then when ' +
  'while where because if train signal track route station platform line switch driver guard timetable morning ' +
  'evening passenger engine carriage tunnel bridge valley river junction whistle lantern message request answer ' +
  'number value result reason moment order queue place change system model language token memory window ' +
  'arrives departs waits passes carries follows turns opens closes returns begins ends reads writes sends holds ' +
  'early late quiet busy narrow long short steady bright simple careful common next last first second third'
).split(' ');

const LIBRARY_CHARACTERS = 1 << 16;

/** A long text of sentences to cut answers from; made once per seed. */
export function createLibrary(seed: number): string {
  const random = seededRandom(seed);
  let text = '';
  while (text.length < LIBRARY_CHARACTERS) text += sentence(random);
  return text.slice(0, LIBRARY_CHARACTERS);
}

/** `tokens` tokens of text from `library`: from the first sentence after `start` on, and from the front again at its end. */
export function cutAnswer(library: string, start: number, tokens: number): string {
  const length = tokens * CHARACTERS_PER_TOKEN;
  const sentenceEnd = library.indexOf('. ', start % library.length);
  const from = sentenceEnd < 0 ? 0 : sentenceEnd + 2;
  if (from + length <= library.length) return library.slice(from, from + length);
  const laps = Math.ceil((from + length) / library.length);
  return library.repeat(laps).slice(from, from + length);
}

/** A length as chats have it: log-normal, median 170 tokens, a tenth above 480 (σ = 0.8). */
export function plausibleLength(random: Random): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  return Math.max(1, Math.round(170 * Math.exp(0.8 * normal)));
}

function sentence(random: Random): string {
  const words = Array.from(
    { length: 5 + randomIndex(random, 12) },
    () => WORDS[randomIndex(random, WORDS.length)]!,
  );
  const text = words.join(' ');
  return `${text[0]!.toUpperCase()}${text.slice(1)}. `;
}
