/** Where the next try of a task goes that failed before: elsewhere if it can. */

/**
 * What is left of `places` without those that failed the task; without the last one only, or all of them, when there is no other.
 * @param failed UUIDs, the last failure last
 */
export function placesToTry<Place extends { readonly uuid: string }>(
  failed: readonly string[],
  places: readonly Place[],
): readonly Place[] {
  if (failed.length === 0) return places;
  const untried = places.filter(({ uuid }) => !failed.includes(uuid));
  if (untried.length > 0) return untried;
  const others = places.filter(({ uuid }) => uuid !== failed.at(-1));
  return others.length > 0 ? others : places;
}
