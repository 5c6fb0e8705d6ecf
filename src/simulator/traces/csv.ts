/** Reads comma-separated lines by the names in their heading, whatever the order of the columns. */

import { FieldError, rowOrReason } from './fields.ts';
import type { RowReader, TraceRow } from './trace-format.ts';

/** The fields of one line; a field in double quotes may hold commas, and quotes written twice. */
export function splitCsvLine(line: string): readonly string[] {
  if (!line.includes('"')) return line.split(',').map((field) => field.trim());
  const fields: string[] = [];
  const pattern = /\s*(?:"((?:[^"]|"")*)"|([^,"]*))\s*(?:,|$)/y;
  while (pattern.lastIndex < line.length) {
    const match = pattern.exec(line);
    if (match === null) throw new FieldError('a quoted field does not end where it should');
    fields.push(match[1]?.replaceAll('""', '"') ?? (match[2] ?? '').trim());
  }
  if (line.endsWith(',')) fields.push('');
  return fields;
}

export function hasColumns(heading: string, columns: readonly string[]): boolean {
  const found = headingNames(heading);
  return columns.every((column) => found.includes(column.toLowerCase()));
}

/** A reader of lines below `heading`, which hands the wanted columns to `toRow` by name. */
export function csvRowReader<Column extends string>(
  heading: string,
  columns: readonly Column[],
  toRow: (fields: Readonly<Record<Column, string>>) => TraceRow,
): RowReader {
  const names = headingNames(heading);
  const places = columns.map((column) => [column, names.indexOf(column.toLowerCase())] as const);
  return (text) =>
    rowOrReason(() => {
      const values = splitCsvLine(text);
      if (values.length < names.length) {
        throw new FieldError(`${values.length} fields where the heading has ${names.length}`);
      }
      const fields = Object.fromEntries(places.map(([column, at]) => [column, values[at] ?? '']));
      return toRow(fields as Record<Column, string>);
    });
}

function headingNames(heading: string): readonly string[] {
  try {
    return splitCsvLine(heading).map((name) => name.toLowerCase());
  } catch {
    return [];
  }
}
