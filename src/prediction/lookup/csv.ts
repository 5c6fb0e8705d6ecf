/** Comma-separated values as RFC 4180 has them: quoted fields may hold commas, line breaks and doubled quotes. */

const FIELD = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;

/** @throws RangeError naming the line where a quoted field does not end as it should */
export function parseCsv(text: string): string[][] {
  const source = text.replace(/^\uFEFF/, '').replace(/(\r?\n)+$/, '');
  const rows: string[][] = [];
  let row: string[] = [];
  FIELD.lastIndex = 0;
  for (;;) {
    const from = FIELD.lastIndex;
    const match = FIELD.exec(source);
    if (match === null) {
      const line = source.slice(0, from).split('\n').length;
      throw new RangeError(`line ${line}: a quote is not closed, or something follows it in its field`);
    }
    row.push(match[1]?.replaceAll('""', '"') ?? match[2]!);
    if (match[3] === ',') continue;
    rows.push(row);
    row = [];
    if (match[3] === '' || FIELD.lastIndex >= source.length) return rows;
  }
}
