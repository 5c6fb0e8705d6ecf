/** From the bytes of a call to a request that may be scheduled. */

export type { KeyConfig } from './authenticate.ts';
export { DEFAULT_TOKEN_ESTIMATE, type TokenEstimate } from './body/prompt-tokens.ts';
export * from './create-intake.ts';
export type { HintTrust } from './hints.ts';
export * from './intake.ts';
export type { Aliases, AliasTarget } from './models.ts';
export * from './request-ids.ts';
export type { ModelDefaults } from './request-metadata.ts';
