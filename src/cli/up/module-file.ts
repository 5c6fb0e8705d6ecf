/** Loads a TypeScript or JavaScript module that somebody wrote, anew each time. */

import { pathToFileURL } from 'node:url';

/** Each loading gets another address, since a module is kept for ever under the one it was loaded by. */
let loadings = 0;

/** @throws Error in words for its author */
export async function importAnew(path: string): Promise<Readonly<Record<string, unknown>>> {
  const url = `${pathToFileURL(path).href}?loading=${++loadings}`;
  try {
    return (await import(url)) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw new Error(reasonOf(cause, url), { cause });
  }
}

/** Node's own words tell of this file for a missing one, and leave out the line of a mistake. */
function reasonOf(cause: unknown, url: string): string {
  if (!(cause instanceof Error)) return String(cause);
  const { code, url: missing } = cause as NodeJS.ErrnoException & { readonly url?: string };
  if (code === 'ERR_MODULE_NOT_FOUND' && missing === url) return 'there is no such file';
  const line = cause instanceof SyntaxError ? /^\S.*?:(\d+)\n/.exec(cause.stack ?? '')?.[1] : undefined;
  return line === undefined ? cause.message : `line ${line}: ${cause.message}`;
}
