/** What the benchmark asks of the rig, its other process. */

import type { Target } from '../contender.ts';
import type { RoundTrips } from './round-trips.ts';
import type { StreamLoadOptions, StreamLoadResult } from './stream-load.ts';

/** Each command with its argument and its result. */
export interface RigCommands {
  startUpstream: { argument: { readonly instances: number }; result: readonly string[] };
  checkSmallAnswer: { argument: { readonly target: Target }; result: boolean };
  roundTrips: { argument: { readonly target: Target; readonly requests: number }; result: RoundTrips };
  streamLoad: { argument: StreamLoadOptions; result: StreamLoadResult };
  openStreams: { argument: { readonly target: Target; readonly count: number }; result: null };
  closeStreams: { argument: Record<never, never>; result: null };
}

export type RigCommandName = keyof RigCommands;

export interface RigRequest<Name extends RigCommandName = RigCommandName> {
  readonly id: number;
  readonly name: Name;
  readonly argument: RigCommands[Name]['argument'];
}

export type RigResponse =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly id: number; readonly ok: false; readonly message: string };
