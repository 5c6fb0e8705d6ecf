/** Reads a policy out of a TypeScript or JavaScript module that somebody wrote. */

import type { GivenParameters } from '../../domain/index.ts';
import { type CustomPolicy, formOf } from '../../queueing/index.ts';
import { importAnew } from './module-file.ts';

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
