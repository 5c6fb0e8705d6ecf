/** What zod found wrong, in the words of this configuration. */

import type * as z from 'zod';
import { type JsonSchema, schemasAt } from './json-schema.ts';
import { type PositionTree, positionOfKey, positionOfValue } from './positions.ts';
import { type ConfigPath, type ConfigProblem, formatPath } from './problem.ts';
import { isSecretKey } from './secret.ts';
import { suggest } from './suggest.ts';
import { branchOf } from './union-branch.ts';
import { describeAllowed, describeFound, rewriteScalar } from './wording.ts';

/** What an explanation looks things up in. */
export interface Explainer {
  readonly schema: JsonSchema;
  readonly positions: PositionTree;
  /** The value at a path as it was written, before variables were replaced. */
  readonly writtenAt: (path: ConfigPath) => unknown;
}

/** One mistake with the path that is wrong; a later check of the same place would only repeat it. */
export interface Explained {
  readonly path: ConfigPath;
  readonly problem: ConfigProblem;
}

type Issue = z.core.$ZodIssue;

export function explainIssues(issues: readonly Issue[], explainer: Explainer): Explained[] {
  return issues.flatMap((issue) => explainIssue(issue, [], explainer));
}

function explainIssue(issue: Issue, base: ConfigPath, explainer: Explainer): Explained[] {
  const path = [...base, ...(issue.path as ConfigPath)];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(path, key, explainer));
    case 'invalid_union': {
      const branch = branchOf(issue.errors, explainer.writtenAt(path));
      if (branch === undefined) return [wrongValue(path, explainer)];
      return branch.flatMap((inner) => explainIssue(inner, path, explainer));
    }
    case 'invalid_key':
      return [wrongKey(path, explainer)];
    default:
      return [wrongValue(path, explainer)];
  }
}

function unknownKey(parent: ConfigPath, key: string, explainer: Explainer): Explained {
  const path = [...parent, key];
  const known = schemasAt(explainer.schema, parent).flatMap(({ properties }) =>
    Object.keys(properties ?? {}),
  );
  const suggestion = suggest(key, known);
  const place = parent.length === 0 ? '' : ` in ${formatPath(parent)}`;
  const problem = {
    path: formatPath(path),
    ...positionOfKey(explainer.positions, path),
    message: `unknown key ${JSON.stringify(key)}${place}`,
    found: JSON.stringify(key),
    allowed: known.join(', '),
    ...(suggestion !== undefined && { suggestion }),
  };
  return { path, problem };
}

function wrongKey(path: ConfigPath, explainer: Explainer): Explained {
  const parent = path.slice(0, -1);
  const names = schemasAt(explainer.schema, parent).flatMap(({ propertyNames }) => propertyNames ?? []);
  const allowed = describeAllowed(names, '');
  const found = JSON.stringify(path.at(-1));
  const problem = {
    path: formatPath(path),
    ...positionOfKey(explainer.positions, path),
    message: `a key of ${formatPath(parent)} must be ${allowed}, found ${found}`,
    found,
    allowed,
  };
  return { path, problem };
}

function wrongValue(path: ConfigPath, explainer: Explainer): Explained {
  const key = String(path.findLast((step) => typeof step === 'string') ?? '');
  const written = explainer.writtenAt(path);
  const schemas = schemasAt(explainer.schema, path);
  const allowed = describeAllowed(schemas, key);
  const found = describeFound(written, isSecretKey(key));
  const suggestion = isSecretKey(key) ? undefined : suggestValue(written, schemas);
  const name = path.length === 0 ? 'the file' : formatPath(path);
  const problem = {
    path: formatPath(path),
    ...positionOfValue(explainer.positions, path),
    message:
      written === undefined
        ? `${name} is missing; it must be ${allowed}`
        : `${name} must be ${allowed}, found ${found}`,
    found,
    allowed,
    ...(suggestion !== undefined && { suggestion }),
  };
  return { path, problem };
}

function suggestValue(written: unknown, schemas: readonly JsonSchema[]): string | undefined {
  if (typeof written !== 'string' && typeof written !== 'number') return undefined;
  const choices = schemas.flatMap((schema) => schema.enum ?? []).map(String);
  if (choices.length > 0) return suggest(String(written), choices);
  if (typeof written === 'string') return withScheme(written, schemas) ?? rewriteScalar(written, schemas);
  const quoted = schemas.some(({ type, pattern }) => type === 'string' && pattern && fits(written, pattern));
  return quoted ? JSON.stringify(String(written)) : undefined;
}

function fits(written: number, pattern: string): boolean {
  return new RegExp(pattern, 'u').test(String(written));
}

/** An address as people write it elsewhere, without its scheme. */
function withScheme(written: string, schemas: readonly JsonSchema[]): string | undefined {
  const isAddress =
    schemas.some(({ format }) => format === 'uri') && /^[\w.-]+(:\d+)?(\/[\w./-]*)?$/.test(written);
  return isAddress ? `http://${written}` : undefined;
}
