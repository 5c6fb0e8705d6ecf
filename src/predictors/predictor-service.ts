/** A service that speaks SwarmPilot's predictor API, asked over HTTP within a time limit. */

import { type Ask, readServiceAnswer, serviceQuestion } from '../prediction/index.ts';

export interface PredictorServiceOptions {
  /** Its base address. */
  readonly url: string;
  /** Milliseconds for one question, its answer included. */
  readonly timeoutMs: number;
  /** Sent with each question, in `authorization: Bearer`. */
  readonly token?: string;
  /** Of the service's own tables, the one to look into; without it, its models foretell. */
  readonly tableName?: string;
}

export interface PredictorService {
  readonly ask: Ask;
  /** Whether it says of itself that it is well. */
  isHealthy(): Promise<boolean>;
}

/** An answer is some hundred bytes. */
const MAX_ANSWER_BYTES = 1024 * 1024;
/** The service says the one, its old client waits for the other. */
const WELL: readonly unknown[] = ['healthy', 'ok'];

export function predictorService(options: PredictorServiceOptions): PredictorService {
  const { url, timeoutMs, token, tableName } = options;
  const headers = {
    'content-type': 'application/json',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };

  async function call(address: string, method: string, body?: string): Promise<unknown> {
    const response = await fetch(address, {
      method,
      headers,
      // A redirect would take the token and the question elsewhere.
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
      ...(body !== undefined && { body }),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`it answered with status ${response.status}`);
    }
    return JSON.parse(await boundedText(response));
  }

  return {
    async ask(question) {
      const { url: address, method, json } = serviceQuestion(url, question, tableName);
      return readServiceAnswer(await explained(call(address, method, JSON.stringify(json))));
    },
    async isHealthy() {
      try {
        const answer = (await call(`${url.replace(/\/+$/, '')}/health`, 'GET')) as {
          status?: unknown;
        } | null;
        return WELL.includes(answer?.status);
      } catch {
        return false;
      }
    },
  };
}

async function boundedText(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of response.body ?? []) {
    bytes += part.byteLength;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`its answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** `fetch failed` tells nobody anything; what lies beneath does. */
async function explained(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    const { cause } = error as Error;
    const code = (cause as NodeJS.ErrnoException | undefined)?.code;
    if (cause === undefined) throw error;
    throw new Error(code ?? (cause instanceof Error ? cause.message : String(cause)), { cause: error });
  }
}
