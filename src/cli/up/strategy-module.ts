/** Reads a strategy for tasks out of a module that somebody wrote. */

import type { Random } from '../../domain/index.ts';
import { isStrategyName, type TaskStrategy } from '../../tasks/index.ts';
import { importAnew } from './module-file.ts';

/**
 * The module exports a strategy as `strategy`, or a function that makes one as `createStrategy`, to which chance is handed; either may
 * be its default export.
 * @throws Error saying what is wrong with the module, or what it threw
 */
export async function loadStrategyModule(path: string, random: Random): Promise<TaskStrategy> {
  const module = await importAnew(path);
  const exported = module.createStrategy ?? module.strategy ?? module.default;
  const strategy: unknown = typeof exported === 'function' ? exported({ random }) : exported;
  const { name, choose } = (strategy ?? {}) as Partial<Record<keyof TaskStrategy, unknown>>;
  if (typeof choose !== 'function') {
    const found = Object.keys(module).join(', ') || 'nothing';
    throw new TypeError(
      `${path} must export \`strategy\` or \`createStrategy\` with a function \`choose\`, found ${found}`,
    );
  }
  if (typeof name !== 'string' || !/^[\w.-]{1,100}$/.test(name) || isStrategyName(name)) {
    throw new TypeError(
      `${path}: name: found ${JSON.stringify(name)}, allowed are up to 100 letters, digits and any of "_.-" that no built-in strategy has`,
    );
  }
  return strategy as TaskStrategy;
}
