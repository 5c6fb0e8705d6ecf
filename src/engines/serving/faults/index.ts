/** Misbehaviour on demand. */

export type { FaultKind } from './catalogue.ts';
export { FAULT_KINDS, FAULTS } from './catalogue.ts';
export type { Fault } from './fault.ts';
export { FaultError, faultOf, parseFault } from './fault.ts';
export type { ActiveFault } from './fault-board.ts';
export { FaultBoard } from './fault-board.ts';
