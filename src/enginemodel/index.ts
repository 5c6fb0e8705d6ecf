/** The pure model of a continuous-batching engine: what it would do, and exactly when. */

export { blockKeysOfCoarseIds, blockKeysOfText, blockKeysOfTokens } from './block-keys.ts';
export type { EngineModelOptions } from './engine-model.ts';
export { EngineModel } from './engine-model.ts';
export type { EngineModelEvent, EngineModelGauges, RejectReason } from './events.ts';
export type { EngineProfile } from './profile.ts';
export { ENGINE_PROFILES, findProfile, UnknownProfileError } from './profiles/index.ts';
export type { ModelRequest } from './sequence.ts';
export type { ChunkSize, StepLoad } from './step-time.ts';
export { stepTimeMs } from './step-time.ts';
