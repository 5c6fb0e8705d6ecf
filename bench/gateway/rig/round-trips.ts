/** Small requests one after the other on one connection: how long each takes, and whether its answer is right. */

import type { Target } from '../contender.ts';
import { quantile } from '../statistics.ts';
import { SMALL_ANSWER, SMALL_REQUEST_BODY } from './answers.ts';
import { Client, requestBytes } from './client.ts';

export interface RoundTrips {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly tookMs: number;
}

const TIMEOUT_MS = 10_000;

/** Measures `requests` of them. Throws at the first answer that is not right. */
export async function measureRoundTrips(target: Target, requests: number): Promise<RoundTrips> {
  const client = await Client.open(target);
  const bytes = requestBytes(target, SMALL_REQUEST_BODY);
  const tookMs: number[] = [];
  try {
    for (let index = 0; index < requests; index += 1) {
      const answer = await roundTrip(client, bytes);
      if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.body.slice(0, 200)}`);
      tookMs.push(answer.tookMs);
    }
  } finally {
    client.close();
  }
  return { p50Ms: quantile(tookMs, 0.5)!, p99Ms: quantile(tookMs, 0.99)! };
}

/** Asks once, and throws unless the answer carries what the upstream said. Returns whether it is so to the last byte. */
export async function checkSmallAnswer(target: Target): Promise<boolean> {
  const client = await Client.open(target);
  try {
    const { status, body } = await roundTrip(client, requestBytes(target, SMALL_REQUEST_BODY));
    if (status !== 200) throw new Error(`a small request was answered ${status}: ${body.slice(0, 300)}`);
    const said = JSON.parse(body) as { choices?: unknown };
    const expected = JSON.parse(SMALL_ANSWER) as { choices: unknown };
    if (JSON.stringify(said.choices) !== JSON.stringify(expected.choices)) {
      throw new Error(`a small request was answered with something else: ${body.slice(0, 300)}`);
    }
    return body === SMALL_ANSWER;
  } finally {
    client.close();
  }
}

function roundTrip(client: Client, request: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const startMs = performance.now();
    const timer = setTimeout(() => reject(new Error('no answer came')), TIMEOUT_MS);
    let status = 0;
    let body = '';
    client.send(request, {
      onHead(head) {
        status = head;
      },
      onBody(bytes, start, end) {
        body += bytes.toString('latin1', start, end);
      },
      onEnd() {
        clearTimeout(timer);
        resolve({ status, body, tookMs: performance.now() - startMs });
      },
      onFailure(reason) {
        clearTimeout(timer);
        reject(new Error(reason));
      },
    });
  });
}
