/** Reads a request as FastAPI does, so that scripts written against the existing scheduler get the refusals they know. */

import type { SelectRequest } from '../select/select.ts';

export interface ValidationIssue {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly input: unknown;
  readonly ctx?: Readonly<Record<string, unknown>>;
}

export type Validated<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly issues: readonly ValidationIssue[] };

/** The body of `select`, `simulate` and `analyze`; further fields are ignored. */
export function readSelectBody(body: string): Validated<SelectRequest> {
  if (body === '') return refused(missing(['body'], null));
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    return refused(noJson(error));
  }
  if (value === null) return refused(missing(['body'], null));
  if (!isObject(value)) {
    const msg = 'Input should be a valid dictionary or object to extract fields from';
    return refused({ type: 'model_attributes_type', loc: ['body'], msg, input: value });
  }
  const issues = [
    ...textIssues(value, 'pool_name'),
    ...textIssues(value, 'partition'),
    ...memberIssues(value),
    ...(value.model === undefined || value.model === null ? [] : textIssues(value, 'model')),
  ];
  if (issues.length > 0) return { ok: false, issues };
  const { pool_name, partition, members, model } = value as unknown as SelectBody;
  return { ok: true, value: { poolName: pool_name, partition, members, model: model ?? undefined } };
}

interface SelectBody {
  readonly pool_name: string;
  readonly partition: string;
  readonly members: readonly string[];
  readonly model?: string | null;
}

/** A run of this many choices takes well under a second; more would keep others from being answered. */
export const MAX_ITERATIONS = 100_000;

export function readIterations(query: URLSearchParams, fallback: number): Validated<number> {
  const given = query.get('iterations');
  if (given === null) return { ok: true, value: fallback };
  const loc = ['query', 'iterations'];
  if (!/^\s*[+-]?\d+\s*$/.test(given)) {
    const msg = 'Input should be a valid integer, unable to parse string as an integer';
    return refused({ type: 'int_parsing', loc, msg, input: given });
  }
  const value = Number(given);
  if (value <= MAX_ITERATIONS) return { ok: true, value };
  const msg = `Input should be less than or equal to ${MAX_ITERATIONS}`;
  return refused({ type: 'less_than_equal', loc, msg, input: given, ctx: { le: MAX_ITERATIONS } });
}

function textIssues(value: Readonly<Record<string, unknown>>, field: string): ValidationIssue[] {
  const input = value[field];
  if (input === undefined) return [missing(['body', field], value)];
  return typeof input === 'string' ? [] : [notText(['body', field], input)];
}

function memberIssues(value: Readonly<Record<string, unknown>>): ValidationIssue[] {
  const input = value.members;
  if (input === undefined) return [missing(['body', 'members'], value)];
  if (!Array.isArray(input)) {
    const msg = 'Input should be a valid list';
    return [{ type: 'list_type', loc: ['body', 'members'], msg, input }];
  }
  return input.flatMap((entry: unknown, i) =>
    typeof entry === 'string' ? [] : [notText(['body', 'members', i], entry)],
  );
}

function missing(loc: readonly string[], input: unknown): ValidationIssue {
  return { type: 'missing', loc, msg: 'Field required', input };
}

function notText(loc: readonly (string | number)[], input: unknown): ValidationIssue {
  return { type: 'string_type', loc, msg: 'Input should be a valid string', input };
}

function noJson(error: unknown): ValidationIssue {
  const message = error instanceof Error ? error.message : String(error);
  const at = Number(/position (\d+)/.exec(message)?.[1] ?? 0);
  return {
    type: 'json_invalid',
    loc: ['body', at],
    msg: 'JSON decode error',
    input: {},
    ctx: { error: message },
  };
}

function refused(issue: ValidationIssue): {
  readonly ok: false;
  readonly issues: readonly ValidationIssue[];
} {
  return { ok: false, issues: [issue] };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
