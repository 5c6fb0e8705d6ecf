/** A small linear programme: maximise gain·x with rows·x at most limits and x at least 0; its dual prices. */

const EPSILON = 1e-9;

/**
 * Dense primal simplex from the slack basis, which is feasible since limits are not negative. Bland's rule (1977) after a while, so that it
 * ends. Returns one price per row. Prices are only as exact as doubles are: who needs a proof checks them.
 */
export function dualPrices(
  columns: readonly (readonly number[])[],
  gains: readonly number[],
  limits: readonly number[],
  mostPivots = 500,
): readonly number[] {
  const rows = limits.length;
  const width = columns.length + rows + 1;
  const table = Array.from({ length: rows }, (_, row) => {
    const line = new Float64Array(width);
    for (const [at, column] of columns.entries()) line[at] = column[row]!;
    line[columns.length + row] = 1;
    line[width - 1] = limits[row]!;
    return line;
  });
  const reduced = new Float64Array(width);
  for (const [at, gain] of gains.entries()) reduced[at] = gain;

  for (let pivots = 0; pivots < mostPivots; pivots++) {
    const entering = pickEntering(reduced, width - 1, pivots > mostPivots / 2);
    if (entering < 0) break;
    const leaving = pickLeaving(table, entering, width - 1);
    if (leaving < 0) break;
    pivot(table, reduced, leaving, entering);
  }
  return limits.map((_, row) => Math.max(0, -reduced[columns.length + row]!));
}

function pickEntering(reduced: Float64Array, width: number, first: boolean): number {
  let best = -1;
  let most = EPSILON;
  for (let at = 0; at < width; at++) {
    if (reduced[at]! <= most) continue;
    best = at;
    if (first) break;
    most = reduced[at]!;
  }
  return best;
}

function pickLeaving(table: readonly Float64Array[], entering: number, limitAt: number): number {
  let best = -1;
  let least = Infinity;
  for (const [row, line] of table.entries()) {
    if (line[entering]! <= EPSILON) continue;
    const ratio = line[limitAt]! / line[entering]!;
    if (ratio < least) {
      least = ratio;
      best = row;
    }
  }
  return best;
}

function pivot(table: readonly Float64Array[], reduced: Float64Array, row: number, column: number): void {
  const line = table[row]!;
  const scale = 1 / line[column]!;
  for (let at = 0; at < line.length; at++) line[at]! *= scale;
  for (const other of [...table, reduced]) {
    const factor = other[column]!;
    if (other === line || factor === 0) continue;
    for (let at = 0; at < line.length; at++) other[at]! -= factor * line[at]!;
  }
}
