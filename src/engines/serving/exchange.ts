/** One HTTP exchange as the handlers see it. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dialect, ServedEngine } from './dialects/dialect.ts';
import type { FaultBoard } from './faults/index.ts';

/** What is the same for every exchange of one server. */
export interface Serving extends ServedEngine {
  readonly dialect: Dialect;
  readonly faults: FaultBoard;
}

export interface Exchange {
  readonly serving: Serving;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly path: string;
  /** Aborted when the client goes away before its answer is complete. */
  readonly signal: AbortSignal;
}

export type Handler = (exchange: Exchange) => Promise<void> | void;
