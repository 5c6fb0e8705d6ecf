/** How failures reach the caller. */

export * from './error-answer.ts';
export * from './error-event.ts';
export * from './method-not-allowed.ts';
