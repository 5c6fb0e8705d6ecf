/** How many finished tasks go when there are too many: some more than must, so that it is not done again at once. */

/** Of the limit; rounded down. */
const SPARE_SHARE = 10;

/** The oldest go first, by when they ended. */
export function howManyToForget(finished: number, mostFinished: number): number {
  if (finished <= mostFinished) return 0;
  return Math.min(finished, finished - mostFinished + Math.floor(mostFinished / SPARE_SHARE));
}
