/** Turns what the schemas find wrong with a request into one message: which field, what was found, what is allowed. */

import { type ErrorCode, SignalboxError } from '../domain/index.ts';

interface Issue {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  /** What is allowed: the schemas here are written so. */
  readonly message: string;
  readonly keys?: readonly string[];
}

interface ValidationResult {
  /** Which part of the request was looked at: `query`, `param`, `json`, … */
  readonly target: string;
  readonly success: boolean;
  readonly error?: { readonly issues: readonly Issue[] };
  /** What was found there. */
  readonly data?: unknown;
}

/** For `OpenAPIHono`'s `defaultHook`. */
export function refuseInvalidInput({ target, success, error, data }: ValidationResult): void {
  const issue = error?.issues[0];
  if (success || issue === undefined) return;
  if (issue.code === 'unrecognized_keys') {
    const name = issue.keys?.[0] ?? '';
    throw new SignalboxError('invalid_request', `${name}: unknown, allowed is ${issue.message}.`, {
      param: name,
    });
  }
  const param = issue.path.map(String).join('.');
  const found = valueAt(data, issue.path);
  const code: ErrorCode = target === 'json' && issue.path.length === 0 ? 'invalid_request' : 'invalid_value';
  const subject = param === '' ? 'the request' : param;
  const message = `${subject}: found ${shortened(found)}, allowed is ${issue.message}.`;
  throw new SignalboxError(code, message, param === '' ? {} : { param });
}

function valueAt(data: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    data,
  );
}

function shortened(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`;
}
