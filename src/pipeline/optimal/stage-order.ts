/** In which order the nodes of a pipeline stand, so that the links between neighbours are fast. */

/** Whether these two may be first and last. */
export type MayBeEnds = (first: number, last: number) => boolean;
export type LinkMs = (from: number, to: number) => number;

/** The most nodes for which every order is looked at, by Held & Karp (1962): 2ⁿ·n² steps. */
const MOST_EXACT = 12;
/** Fewer where ends are given, which is asked once for each of many pairs. */
const MOST_EXACT_BETWEEN = 8;
const MOST_STARTS = 12;

/** Indices in order; `undefined` where no two nodes may be the ends. */
export function orderStages(
  count: number,
  linkMs: LinkMs,
  mayBeEnds: MayBeEnds,
): readonly number[] | undefined {
  if (count === 1) return mayBeEnds(0, 0) ? [0] : undefined;
  const ends = allowedEnds(count, mayBeEnds);
  if (ends.length === 0) return undefined;
  if (areLinksAlike(count, linkMs)) return withEnds(count, ends[0]!);
  return count <= MOST_EXACT ? shortestPath(count, linkMs, mayBeEnds) : improvedPath(count, linkMs, ends);
}

/** The same where the ends are given. */
export function orderBetween(count: number, linkMs: LinkMs, first: number, last: number): readonly number[] {
  if (count === 1) return [first];
  if (count === 2 || areLinksAlike(count, linkMs)) return withEnds(count, [first, last]);
  if (count > MOST_EXACT_BETWEEN) return improvedPath(count, linkMs, [[first, last]]);
  return heldKarp(count, linkMs, [first], (node) => node === last)!.order;
}

export function pathMs(order: readonly number[], linkMs: LinkMs): number {
  return order.reduce((sum, node, at) => (at === 0 ? 0 : sum + linkMs(order[at - 1]!, node)), 0);
}

function allowedEnds(count: number, mayBeEnds: MayBeEnds): readonly (readonly [number, number])[] {
  const ends: [number, number][] = [];
  for (let first = 0; first < count; first++) {
    for (let last = 0; last < count; last++) {
      if (first !== last && mayBeEnds(first, last)) ends.push([first, last]);
    }
  }
  return ends;
}

function areLinksAlike(count: number, linkMs: LinkMs): boolean {
  const any = linkMs(0, 1);
  for (let from = 0; from < count; from++) {
    for (let to = 0; to < count; to++) if (from !== to && linkMs(from, to) !== any) return false;
  }
  return true;
}

function withEnds(count: number, [first, last]: readonly [number, number]): readonly number[] {
  const between = Array.from({ length: count }, (_, node) => node).filter(
    (node) => node !== first && node !== last,
  );
  return [first, ...between, last];
}

/** Once from any start; only where the ends of that path may not be ends, once from each. */
function shortestPath(count: number, linkMs: LinkMs, mayBeEnds: MayBeEnds): readonly number[] | undefined {
  const starts = Array.from({ length: count }, (_, node) => node);
  const free = heldKarp(count, linkMs, starts, () => true);
  if (free && mayBeEnds(free.order[0]!, free.order.at(-1)!)) return free.order;
  let best: Path | undefined;
  for (const start of starts) {
    const path = heldKarp(count, linkMs, [start], (last) => mayBeEnds(start, last));
    if (path && (best === undefined || path.ms < best.ms)) best = path;
  }
  return best?.order;
}

interface Path {
  readonly ms: number;
  readonly order: readonly number[];
}

function heldKarp(
  count: number,
  linkMs: LinkMs,
  starts: readonly number[],
  mayBeLast: (last: number) => boolean,
): Path | undefined {
  const sets = 1 << count;
  const links = Float64Array.from({ length: count * count }, (_, at) =>
    linkMs(Math.floor(at / count), at % count),
  );
  const cost = new Float64Array(sets * count).fill(Infinity);
  const before = new Int8Array(sets * count).fill(-1);
  for (const start of starts) cost[(1 << start) * count + start] = 0;
  for (let set = 1; set < sets; set++) {
    for (let last = 0; last < count; last++) {
      const ms = cost[set * count + last]!;
      if (ms === Infinity) continue;
      for (let next = 0; next < count; next++) {
        if (set & (1 << next)) continue;
        const at = (set | (1 << next)) * count + next;
        const total = ms + links[last * count + next]!;
        if (total >= cost[at]!) continue;
        cost[at] = total;
        before[at] = last;
      }
    }
  }
  let last = -1;
  const whole = (sets - 1) * count;
  for (let node = 0; node < count; node++) {
    if (mayBeLast(node) && cost[whole + node]! < (last < 0 ? Infinity : cost[whole + last]!)) last = node;
  }
  if (last < 0) return undefined;
  const order: number[] = [];
  for (let set = sets - 1, node = last; node >= 0; ) {
    order.unshift(node);
    const previous = before[set * count + node]!;
    set &= ~(1 << node);
    node = previous;
  }
  return { ms: cost[whole + last]!, order };
}

/** Nearest neighbour between each of some pairs of ends, then stretches turned round while that helps (2-opt, Croes 1958). */
function improvedPath(
  count: number,
  linkMs: LinkMs,
  ends: readonly (readonly [number, number])[],
): readonly number[] {
  const step = Math.max(1, Math.floor(ends.length / MOST_STARTS));
  let best: Path | undefined;
  for (let at = 0; at < ends.length; at += step) {
    const order = twoOpt(nearestNeighbours(count, linkMs, ends[at]!), linkMs);
    const ms = pathMs(order, linkMs);
    if (best === undefined || ms < best.ms) best = { ms, order };
  }
  return best!.order;
}

function nearestNeighbours(
  count: number,
  linkMs: LinkMs,
  [first, last]: readonly [number, number],
): number[] {
  const left = new Set(withEnds(count, [first, last]).slice(1, -1));
  const order = [first];
  while (left.size > 0) {
    const from = order.at(-1)!;
    const next = [...left].reduce((a, b) => (linkMs(from, b) < linkMs(from, a) ? b : a));
    left.delete(next);
    order.push(next);
  }
  return [...order, last];
}

function twoOpt(order: readonly number[], linkMs: LinkMs): readonly number[] {
  let path = order;
  let ms = pathMs(path, linkMs);
  for (let improved = true; improved; ) {
    improved = false;
    for (let from = 1; from < path.length - 2; from++) {
      for (let to = from + 1; to < path.length - 1; to++) {
        const turned = [...path.slice(0, from), ...path.slice(from, to + 1).reverse(), ...path.slice(to + 1)];
        const turnedMs = pathMs(turned, linkMs);
        if (turnedMs >= ms - 1e-9) continue;
        path = turned;
        ms = turnedMs;
        improved = true;
      }
    }
  }
  return path;
}
