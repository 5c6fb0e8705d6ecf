/** `random`: any instance, each as likely as the others. */

import { type Random, randomIndex } from '../../domain/index.ts';
import type { TaskStrategy } from './strategy.ts';

export function uniform(random: Random): TaskStrategy {
  return { name: 'random', choose: ({ length }) => randomIndex(random, length) };
}
