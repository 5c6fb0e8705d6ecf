/** `/__faults`: which faults are on, switching one on, switching them off, while the server runs. */

import type { Exchange } from './exchange.ts';
import type { ActiveFault, Fault } from './faults/index.ts';
import { FAULTS, FaultError, faultOf } from './faults/index.ts';
import { readJsonObject } from './request-body.ts';
import { sendJson } from './respond.ts';
import type { TokenEngine } from './token-engine.ts';

export const FAULTS_PATH = '/__faults';

export function listFaults({ serving, res }: Exchange): void {
  sendJson(res, 200, { active: serving.faults.active.map(shown), known: FAULTS });
}

export async function addFault({ serving, req, res }: Exchange): Promise<void> {
  const body = await readJsonObject(req);
  try {
    const fault = faultOf(body);
    refuseUnfit(fault, serving.engine);
    sendJson(res, 201, shown(serving.faults.add(fault)));
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    sendJson(res, 400, {
      error: { message: error.message, type: 'invalid_request_error', code: 'invalid_value' },
    });
  }
}

/** Throws for a fault that this engine has no means to show. */
export function refuseUnfit(fault: Fault, engine: TokenEngine): void {
  if (FAULTS[fault.kind].target !== 'engine' || engine.slowDown !== undefined) return;
  throw new FaultError(`fault ${fault.kind} needs a simulated engine: a real one runs at its own speed`);
}

/** `DELETE /__faults` switches all off, `/__faults/3` one, `/__faults/slow` those of a kind. */
export function removeFaults({ serving, res, path }: Exchange): void {
  const which = decodeURIComponent(path.slice(FAULTS_PATH.length + 1));
  const { active } = serving.faults;
  const byId = active.find((fault) => String(fault.id) === which && !isKind(active, which));
  const removed = serving.faults.remove(which === '' ? undefined : (byId?.id ?? which));
  sendJson(res, 200, { removed });
}

/** Some kinds are numbers too (`500`); a kind that is on wins over an id. */
const isKind = (active: readonly ActiveFault[], which: string) =>
  active.some((fault) => fault.kind === which);

/** An endless count is left out: JSON has no infinity. */
function shown(fault: ActiveFault) {
  const { count, parameters, ...rest } = fault;
  return { ...rest, ...(count === Infinity ? {} : { count }), ...parameters };
}
