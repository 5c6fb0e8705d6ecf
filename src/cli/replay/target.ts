/** Where a replay goes: its address, whether it is there, and which model it serves. */

import type { Dispatcher } from 'undici';
import { describeConnectError } from './failure.ts';
import { interruptedEarly, runError, usageError } from './replay-error.ts';

export interface Target {
  readonly origin: string;
  /** What stands before `/v1` in its paths; empty for most. */
  readonly basePath: string;
}

/** Takes `http://host:8080` as well as the `http://host:8080/v1` that clients are given. */
export function parseTarget(text: string): Target {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw usageError(`--target is "${text}": give a URL like http://127.0.0.1:8080`);
  }
  return { origin: url.origin, basePath: url.pathname.replace(/\/+$/, '').replace(/\/v1$/, '') };
}

export function targetUrl(target: Target): string {
  return target.origin + target.basePath;
}

export interface ModelWish {
  readonly model: string | undefined;
  /** Whether a model that the target does not list is refused. */
  readonly checkModel: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly interrupt: AbortSignal;
}

/** The model to ask for: the wanted one if the target has it, else the first that it lists. Also the proof that it is there. */
export async function chooseModel(pool: Dispatcher, target: Target, wish: ModelWish): Promise<string> {
  const answer = await fetchModels(pool, target, wish);
  if (answer.status === 401 || answer.status === 403) {
    throw runError(`${targetUrl(target)} answered ${answer.status}: give a valid key with --api-key`);
  }
  if (wish.model !== undefined && !(wish.checkModel && answer.models !== undefined)) return wish.model;
  if (answer.models === undefined) {
    throw runError(
      `${targetUrl(target)}/v1/models answered ${answer.status} and no list of models; name the model with --model`,
    );
  }
  return pickModel(answer.models, wish.model, targetUrl(target));
}

function pickModel(models: readonly string[], wanted: string | undefined, address: string): string {
  const first = models[0];
  if (first === undefined) throw runError(`${address} serves no model at the moment`);
  if (wanted === undefined || models.includes(wanted)) return wanted ?? first;
  throw usageError(
    `${address} serves no model "${wanted}"; it lists ${models.join(', ')} (--no-model-check sends it all the same)`,
  );
}

interface ModelsAnswer {
  readonly status: number;
  readonly models: readonly string[] | undefined;
}

const MODELS_TIMEOUT_MS = 15_000;

async function fetchModels(
  pool: Dispatcher,
  target: Target,
  { headers, interrupt }: ModelWish,
): Promise<ModelsAnswer> {
  try {
    const response = await pool.request({
      method: 'GET',
      path: `${target.basePath}/v1/models`,
      headers,
      signal: AbortSignal.any([interrupt, AbortSignal.timeout(MODELS_TIMEOUT_MS)]),
    });
    const body = await response.body.text();
    return { status: response.statusCode, models: response.statusCode === 200 ? modelIds(body) : undefined };
  } catch (error) {
    if (interrupt.aborted) throw interruptedEarly();
    throw runError(`cannot reach ${targetUrl(target)}: ${describeConnectError(error)}`);
  }
}

function modelIds(body: string): readonly string[] | undefined {
  try {
    const { data } = JSON.parse(body) as { data: readonly { id: unknown }[] };
    return data.map(({ id }) => id).filter((id) => typeof id === 'string');
  } catch {
    return undefined;
  }
}
