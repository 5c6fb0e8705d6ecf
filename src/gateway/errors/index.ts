/** How failures reach the caller. */

export * from './error-answer.ts';
export * from './method-not-allowed.ts';
