/** Turns what the schemas find wrong with a request into one message: which field, what was found, what is allowed. */

import type { Context } from 'hono';
import { type ErrorCode, SignalboxError } from '../domain/index.ts';

interface Issue {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  /** What is allowed: the schemas here are written so. */
  readonly message: string;
  readonly keys?: readonly string[];
}

interface ValidationResult {
  readonly target: string;
  readonly success: boolean;
  readonly error?: { readonly issues: readonly Issue[] };
}

/** For `OpenAPIHono`'s `defaultHook`. */
export function refuseInvalidInput(result: ValidationResult, context: Context): void {
  if (result.success) return;
  const issue = result.error?.issues[0];
  if (issue === undefined) return;
  throw invalidInput(issue, result.target, context);
}

function invalidInput(issue: Issue, target: string, context: Context): SignalboxError {
  if (issue.code === 'unrecognized_keys') {
    const name = issue.keys?.[0] ?? '';
    return new SignalboxError('invalid_request', `${name}: unknown; ${issue.message}.`, { param: name });
  }
  const param = issue.path.map(String).join('.');
  const code: ErrorCode = target === 'json' ? 'invalid_request' : 'invalid_value';
  const subject = param === '' ? 'the request' : param;
  return new SignalboxError(
    code,
    `${subject}: ${found(param, target, context)}allowed is ${issue.message}.`,
    {
      param,
    },
  );
}

function found(param: string, target: string, context: Context): string {
  const value = target === 'query' ? context.req.query(param) : context.req.param(param);
  if (value === undefined) return '';
  return `found ${JSON.stringify(value.length <= 60 ? value : `${value.slice(0, 60)}…`)}, `;
}
