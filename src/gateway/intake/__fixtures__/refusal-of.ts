/** The refusal that an action ends in. */

import { SignalboxError } from '../../../domain/index.ts';

export function refusalOf(action: () => unknown): SignalboxError {
  try {
    action();
  } catch (error) {
    if (error instanceof SignalboxError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
