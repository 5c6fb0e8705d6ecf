/** A choice at random in proportion to the scores. */

import { add, compare, type Decimal, decimalOf, multiply } from './exact-decimal.ts';

/**
 * The place of the score whose share of the whole holds the draw; scores of 0 and below have no share.
 * @param draw in [0, 1]
 * @returns `undefined` when no score is above 0
 */
export function chooseWeighted(scores: readonly number[], draw: number): number | undefined {
  const places = scores.flatMap((score, place) => (score > 0 ? [place] : []));
  if (places.length <= 1) return places[0];
  const quick = chooseQuickly(scores, places, draw);
  return quick ?? chooseExactly(scores, places, draw);
}

/** Doubles err by far less than this share of the whole. */
const DOUBT = 1e-9;

/** By doubles; `undefined` where the draw is so close to a boundary that rounding could decide. */
function chooseQuickly(
  scores: readonly number[],
  places: readonly number[],
  draw: number,
): number | undefined {
  let total = 0;
  for (const place of places) total += scores[place]!;
  if (!Number.isFinite(total)) return undefined;
  const at = draw * total;
  const doubt = DOUBT * total;
  let end = 0;
  for (const place of places) {
    end += scores[place]!;
    if (Math.abs(at - end) <= doubt) return undefined;
    if (at < end) return place;
  }
  return undefined;
}

function chooseExactly(scores: readonly number[], places: readonly number[], draw: number): number {
  const weights = places.map((place) => decimalOf(Math.min(scores[place]!, Number.MAX_VALUE)));
  const total = weights.reduce(add);
  const at = multiply(decimalOf(draw), total);
  let end: Decimal = decimalOf(0);
  for (const [i, place] of places.entries()) {
    end = add(end, weights[i]!);
    if (compare(at, end) < 0) return place;
  }
  return places.at(-1)!;
}

/** Each score's chance to be chosen, summing to 1; all 0 when no score is above 0. */
export function chancesOf(scores: readonly number[]): readonly number[] {
  let total = 0;
  for (const score of scores) if (score > 0) total += score;
  return scores.map((score) => (score > 0 ? score / total : 0));
}
