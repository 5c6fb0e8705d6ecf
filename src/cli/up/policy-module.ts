/** Reads a policy out of a TypeScript or JavaScript module that somebody wrote. */

import { pathToFileURL } from 'node:url';
import type { GivenParameters } from '../../domain/index.ts';
import { type CustomPolicy, formOf } from '../../queueing/index.ts';

/** Each loading gets another address, since a module is kept for ever under the one it was loaded by. */
let loadings = 0;

/**
 * The module exports a policy as `policy`, or a function that makes one of the configured parameters as `createPolicy`; either
 * may be its default export.
 * @throws Error saying what is wrong with the module, or what it threw
 */
export async function loadPolicyModule(path: string, parameters: GivenParameters): Promise<CustomPolicy> {
  const module = await importAnew(path);
  const exported = module.createPolicy ?? module.policy ?? module.default;
  const policy = typeof exported === 'function' ? exported(parameters) : exported;
  if (typeof policy !== 'object' || policy === null) {
    const found = Object.keys(module).join(', ') || 'nothing';
    throw new TypeError(`${path} must export \`policy\` or \`createPolicy\`, found ${found}`);
  }
  if (typeof exported !== 'function' && Object.keys(parameters).length > 0) {
    throw new TypeError(
      `${path} exports a policy that takes no parameters, found ${Object.keys(parameters).join(', ')}; allowed with \`createPolicy\``,
    );
  }
  formOf(policy as CustomPolicy);
  return policy as CustomPolicy;
}

async function importAnew(path: string): Promise<Readonly<Record<string, unknown>>> {
  const url = `${pathToFileURL(path).href}?loading=${++loadings}`;
  try {
    return (await import(url)) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw new Error(reasonOf(cause, url), { cause });
  }
}

/** In words for its author: Node's own tell of this file for a missing one, and leave out the line of a mistake. */
function reasonOf(cause: unknown, url: string): string {
  if (!(cause instanceof Error)) return String(cause);
  const { code, url: missing } = cause as NodeJS.ErrnoException & { readonly url?: string };
  if (code === 'ERR_MODULE_NOT_FOUND' && missing === url) return 'there is no such file';
  const line = cause instanceof SyntaxError ? /^\S.*?:(\d+)\n/.exec(cause.stack ?? '')?.[1] : undefined;
  return line === undefined ? cause.message : `line ${line}: ${cause.message}`;
}
