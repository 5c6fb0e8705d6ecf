/** Writes a stream of frames with one write for all that became ready at the same moment. */

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

const SSE_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
};

const MAX_PENDING_CHARACTERS = 16_384;

export class StreamWriter {
  readonly #res: ServerResponse;
  #pending = '';
  #isFlushDue = false;

  constructor(res: ServerResponse) {
    this.#res = res;
  }

  /** Commits the status; false if that is done already. */
  start(): boolean {
    if (this.#res.headersSent) return false;
    this.#res.writeHead(200, SSE_HEADERS);
    return true;
  }

  /**
   * Ticks run once the promises that are ready have run, so the frames of all tokens that an engine step (or a late
   * timer) made available leave together.
   */
  push(frame: string): void {
    this.#pending += frame;
    // Ticks do not come while promises go on being ready: an engine that never waits must feel the client's pace too.
    if (this.#pending.length >= MAX_PENDING_CHARACTERS) this.#flush();
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    process.nextTick(() => {
      this.#isFlushDue = false;
      this.#flush();
    });
  }

  /** Waits while the client reads too slowly. */
  async whenWritable(signal: AbortSignal): Promise<void> {
    if (!this.#res.writableNeedDrain || signal.aborted) return;
    await once(this.#res, 'drain', { signal }).catch(() => undefined);
  }

  end(frame: string): void {
    if (!this.#res.destroyed) this.#res.end(this.#pending + frame);
    this.#pending = '';
  }
  #flush(): void {
    if (this.#pending === '' || this.#res.destroyed) return;
    this.#res.write(this.#pending);
    this.#pending = '';
  }
}
