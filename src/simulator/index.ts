/** The simulator's face. */

export * from './traces/index.ts';
