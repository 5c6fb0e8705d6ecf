/** `${NAME}` and `${NAME:-default}` in texts, replaced by what the environment holds. */

import type { ConfigPath } from './problem.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface InterpolationFault {
  readonly path: ConfigPath;
  readonly message: string;
  readonly found: string;
  readonly allowed: string;
}

export interface Interpolated {
  readonly data: unknown;
  /** By path as JSON: the text as it was written, which may be shown where the value may not. */
  readonly written: ReadonlyMap<string, string>;
  readonly faults: readonly InterpolationFault[];
}

/** `$${` stands for a literal `${`; everything else that begins with `${` must be a variable. */
const VARIABLE = /\$\$\{|\$\{(?:([A-Za-z_]\w*)(?::-([^}]*))?\}|[^}]*\}?)/g;

export function interpolate(data: unknown, env: Environment): Interpolated {
  const written = new Map<string, string>();
  const faults: InterpolationFault[] = [];
  const walk = (value: unknown, path: ConfigPath): unknown => {
    if (typeof value === 'string') return interpolateText(value, path);
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index]));
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item, [...path, key])]));
  };
  const interpolateText = (text: string, path: ConfigPath): string => {
    if (!text.includes('${')) return text;
    written.set(JSON.stringify(path), text);
    return text.replace(VARIABLE, (found, name?: string, fallback?: string) => {
      if (found === '$${') return '${';
      if (name === undefined) faults.push(malformed(path, found));
      // An empty variable counts as unset where there is a default, as in a shell.
      else if (env[name] === undefined && fallback === undefined) faults.push(unset(path, found, name));
      else return (fallback === undefined ? env[name] : env[name] || fallback) ?? '';
      return '';
    });
  };
  return { data: walk(data, []), written, faults };
}

function unset(path: ConfigPath, found: string, name: string): InterpolationFault {
  return {
    path,
    found,
    message: `needs the environment variable ${name}, which is not set`,
    allowed: `a variable that is set, or \${${name}:-default}`,
  };
}

function malformed(path: ConfigPath, found: string): InterpolationFault {
  return {
    path,
    found,
    message: 'has a malformed variable',
    allowed: `\${NAME} or \${NAME:-default}; $\${ for a literal \${`,
  };
}
