/** `POST /scheduler/set` and `/scheduler/predict_mode`: who is chosen by what. */

import type { PredictMode } from '../../task-service.ts';
import { ok, type TaskAnswer } from '../answer.ts';
import { readBody } from '../fields/body.ts';
import { record, required, text } from '../fields/checks.ts';
import type { TaskApiParts, TaskCall } from '../parts.ts';

const PREDICT_MODES = ['default', 'lookup_table'] as const satisfies readonly PredictMode[];

const DONE = { status: 'success', message: 'OK' } as const;

export async function setStrategy({ service }: TaskApiParts, { body }: TaskCall): Promise<TaskAnswer> {
  const { name } = readBody(body, record({ name: required(text(100)) }));
  const known = service.strategies();
  if (!known.includes(name)) {
    return ok({
      status: 'error',
      message: `Invalid strategy name '${name}'. Valid strategies: ${known.join(', ')}`,
    });
  }
  await service.setStrategy(name);
  return ok(DONE);
}

export async function setPredictMode({ service }: TaskApiParts, { body }: TaskCall): Promise<TaskAnswer> {
  const { mode } = readBody(body, record({ mode: required(text(100)) }));
  const wanted = PREDICT_MODES.find((each) => each === mode);
  if (wanted === undefined) {
    return ok({
      status: 'error',
      message: `Invalid mode '${mode}'. Valid modes: ${PREDICT_MODES.join(', ')}`,
    });
  }
  await service.setPredictMode(wanted);
  return ok(DONE);
}
