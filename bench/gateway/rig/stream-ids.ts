/** Numbers by which mock upstream and clients mean the same stream. */

let last = 0;

export function nextStreamId(): number {
  last += 1;
  return last;
}
