/** Opens streams of which one event comes and then nothing, and keeps them open. */

import type { Target } from '../contender.ts';
import { streamRequestBody } from './answers.ts';
import { Client, requestBytes } from './client.ts';
import { nextStreamId } from './stream-ids.ts';

/** Opened at a time, so that no listener's backlog overflows. */
const AT_A_TIME = 50;

const FIRST_BYTES_TIMEOUT_MS = 10_000;

export class OpenStreams {
  readonly #clients: Client[] = [];

  /** Resolves when the first event of each has come. */
  async open(target: Target, count: number): Promise<void> {
    for (let left = count; left > 0; left -= AT_A_TIME) {
      await Promise.all(Array.from({ length: Math.min(left, AT_A_TIME) }, () => this.#openOne(target)));
    }
  }

  closeAll(): void {
    for (const client of this.#clients.splice(0)) client.close();
  }

  async #openOne(target: Target): Promise<void> {
    const client = await Client.open(target);
    this.#clients.push(client);
    const body = streamRequestBody({ id: nextStreamId(), frames: 2, pace: 'hold' });
    await new Promise<void>((resolve, reject) => {
      const refuse = (reason: string) => reject(new Error(`a stream could not be opened: ${reason}`));
      const timer = setTimeout(() => refuse('nothing came'), FIRST_BYTES_TIMEOUT_MS);
      client.send(requestBytes(target, body), {
        onHead(status) {
          if (status !== 200) refuse(`status ${status}`);
        },
        onBody() {
          clearTimeout(timer);
          resolve();
        },
        onEnd: () => refuse('it ended'),
        onFailure: refuse,
      });
    });
  }
}
