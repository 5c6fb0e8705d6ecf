/** A table of times as a file has it, JSON or CSV, read into records; every mistake is told with its record and field. */

import type { QuantileTable } from '../execution/quantiles.ts';
import { parseCsv } from './csv.ts';

/** Whom a record was measured with; what it does not say fits all. */
export interface ModelInfo {
  readonly type?: string;
  readonly name?: string;
  readonly hardware?: string;
  readonly software_name?: string;
  readonly software_version?: string;
}

export interface LookupRecord {
  readonly modelType?: string;
  readonly info?: ModelInfo;
  readonly isSuccess: boolean;
  /** Absent: nothing was measured. */
  readonly quantiles?: QuantileTable;
  readonly expect?: number;
  readonly error?: number;
  /** The record is for prompts of at most so many tokens; absent: for all. */
  readonly inputTokens?: number;
}

export class LookupTableError extends RangeError {
  override readonly name = 'LookupTableError';
}

const MAX_TOLD = 10;
const INFO_FIELDS = ['type', 'name', 'hardware', 'software_name', 'software_version'] as const;

type Raw = Readonly<Record<string, unknown>>;
type Complain = (field: string, allowed: string, found: unknown) => undefined;

/** @throws LookupTableError with every mistake, at most ten of them in words */
export function parseLookupTable(text: string, format: 'json' | 'csv'): LookupRecord[] {
  const raw = format === 'json' ? rawOfJson(text) : rawOfCsv(text);
  const mistakes: string[] = [];
  const records = raw.map((fields, index) => {
    const complain: Complain = (field, allowed, found) => {
      mistakes.push(`${unitOf(format)} ${index + 1}: ${field} must be ${allowed}, found ${inWords(found)}`);
      return undefined;
    };
    return readRecord(fields, complain);
  });
  if (mistakes.length === 0) return records as LookupRecord[];
  const more = mistakes.length > MAX_TOLD ? [`and ${mistakes.length - MAX_TOLD} more mistakes`] : [];
  throw new LookupTableError([...mistakes.slice(0, MAX_TOLD), ...more].join('\n'));
}

const unitOf = (format: 'json' | 'csv') => (format === 'json' ? 'record' : 'row');

function rawOfJson(text: string): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new LookupTableError(`it is not JSON: ${(error as Error).message}`);
  }
  if (Array.isArray(value)) return value;
  throw new LookupTableError(`it must be a list of records, found ${inWords(value)}`);
}

/** Columns have the names of the fields; those of `model_info` go without its name, lists are written as in JSON. */
function rawOfCsv(text: string): readonly Raw[] {
  let rows: string[][];
  try {
    rows = parseCsv(text);
  } catch (error) {
    throw new LookupTableError((error as Error).message);
  }
  const [head = [], ...body] = rows;
  const names = head.map((name) => name.trim());
  const unknown = names.find((name) => !CSV_COLUMNS.includes(name));
  if (unknown !== undefined) {
    throw new LookupTableError(
      `the heading names a column ${inWords(unknown)}, allowed are ${CSV_COLUMNS.join(', ')}`,
    );
  }
  return body
    .filter((cells) => cells.some((cell) => cell.trim() !== ''))
    .map((cells, index) => {
      if (cells.length !== names.length) {
        throw new LookupTableError(
          `row ${index + 1}: has ${cells.length} cells, the heading has ${names.length}`,
        );
      }
      return rawOfCells(new Map(names.map((name, i) => [name, cells[i]!.trim()])));
    });
}

const NUMBERS = ['expect', 'error', 'input_tokens'] as const;
const LISTS = ['quantiles', 'quantile_predictions'] as const;
const CSV_COLUMNS: readonly string[] = ['status', 'model_type', ...INFO_FIELDS, ...NUMBERS, ...LISTS];

function rawOfCells(cells: ReadonlyMap<string, string>): Raw {
  const given = (names: readonly string[], read: (cell: string) => unknown) =>
    Object.fromEntries(
      names.flatMap((name) => {
        const cell = cells.get(name) ?? '';
        return cell === '' ? [] : [[name, read(cell)]];
      }),
    );
  return {
    status: 'success',
    ...given(['status', 'model_type'], String),
    ...given(NUMBERS, (cell) => (Number.isNaN(Number(cell)) ? cell : Number(cell))),
    ...given(LISTS, (cell) => jsonOr(cell)),
    model_info: given(INFO_FIELDS, String),
  };
}

function jsonOr(cell: string): unknown {
  try {
    return JSON.parse(cell);
  } catch {
    return cell;
  }
}

function readRecord(raw: unknown, complain: Complain): LookupRecord | undefined {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return complain('it', 'a record', raw);
  }
  const fields = raw as Raw;
  const modelType = text('model_type', fields.model_type, complain);
  const info = readInfo(fields.model_info, complain);
  const expect = positive('expect', fields.expect, complain);
  const error = atLeastZero('error', fields.error, complain);
  const inputTokens = positive('input_tokens', fields.input_tokens, complain);
  const quantiles = readQuantiles(fields, complain);
  return {
    isSuccess: fields.status === 'success',
    ...(modelType !== undefined && { modelType }),
    ...(info !== undefined && { info }),
    ...(quantiles !== undefined && { quantiles }),
    ...(expect !== undefined && { expect }),
    ...(error !== undefined && { error }),
    ...(inputTokens !== undefined && { inputTokens }),
  };
}

function readInfo(value: unknown, complain: Complain): ModelInfo | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object') return complain('model_info', 'a mapping', value);
  const entries = INFO_FIELDS.map((field) => [
    field,
    text(`model_info.${field}`, (value as Raw)[field], complain),
  ]);
  return Object.fromEntries(entries.filter(([, found]) => found !== undefined));
}

/** Both lists or none: of a record that has one of them nothing was measured. */
function readQuantiles(fields: Raw, complain: Complain): QuantileTable | undefined {
  const { quantiles, quantile_predictions: predictions } = fields;
  const levels = list('quantiles', quantiles, complain);
  const values = list('quantile_predictions', predictions, complain);
  if (levels === undefined || values === undefined || levels.length === 0) return undefined;
  const isWithin = levels.every((level, i) => level >= 0 && level <= 1 && !(level <= levels[i - 1]!));
  if (!isWithin) return complain('quantiles', 'shares from 0 to 1 that ascend', levels);
  if (values.length !== levels.length) {
    return complain('quantile_predictions', `a list of ${levels.length} numbers`, values);
  }
  const isOrdered = values.every((value, i) => value >= 0 && !(value < values[i - 1]!));
  if (!isOrdered) return complain('quantile_predictions', 'numbers of at least 0 that do not fall', values);
  return { levels, values };
}

function list(field: string, value: unknown, complain: Complain): readonly number[] | undefined {
  if (value === undefined || value === null) return undefined;
  const isList = Array.isArray(value) && value.every((each) => Number.isFinite(each));
  return isList ? (value as number[]) : complain(field, 'a list of numbers', value);
}

function text(field: string, value: unknown, complain: Complain): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  return typeof value === 'string' ? value : complain(field, 'a text', value);
}

function positive(field: string, value: unknown, complain: Complain): number | undefined {
  if (value === undefined || value === null) return undefined;
  return Number.isFinite(value) && (value as number) > 0
    ? (value as number)
    : complain(field, 'a number above 0', value);
}

function atLeastZero(field: string, value: unknown, complain: Complain): number | undefined {
  if (value === undefined || value === null) return undefined;
  return Number.isFinite(value) && (value as number) >= 0
    ? (value as number)
    : complain(field, 'a number of at least 0', value);
}

function inWords(value: unknown): string {
  const shown = JSON.stringify(value) ?? String(value);
  return shown.length > 80 ? `${shown.slice(0, 80)}…` : shown;
}
