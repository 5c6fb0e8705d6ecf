/** An OpenAI-compatible server over any engine that makes tokens. */

export type { DialectName } from './dialects/dialect.ts';
export { DIALECT_NAMES } from './dialects/dialect.ts';
export type { ActiveFault, Fault, FaultKind } from './faults/index.ts';
export { FAULT_KINDS, FAULTS, FaultBoard, FaultError, faultOf, parseFault } from './faults/index.ts';
export type { EngineServer, EngineServerOptions, ListenOptions } from './server.ts';
export { createEngineServer } from './server.ts';
export * from './token-engine.ts';
