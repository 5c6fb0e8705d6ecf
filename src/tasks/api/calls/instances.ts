/** `POST /ti/register`, `/ti/remove` and `GET /queue/info`: who does the work, and how much of it waits for them. */

import type { InstanceName } from '../../instances/instance-registry.ts';
import { ok, type TaskAnswer } from '../answer.ts';
import { InvalidRequest, readBody, readQuery } from '../fields/body.ts';
import { integer, optional, record, required, text } from '../fields/checks.ts';
import { mistake } from '../fields/mistake.ts';
import type { TaskApiParts, TaskCall } from '../parts.ts';

const HOST = text(255);
const PORT = integer({ min: 1, max: 65_535 });

const REGISTRATION = record({ host: required(HOST), port: required(PORT), model_name: optional(text(500)) });

export async function register({ instances }: TaskApiParts, { body }: TaskCall): Promise<TaskAnswer> {
  const { host, port, model_name: model } = readBody(body, REGISTRATION);
  const outcome = await instances.register({ host, port, ...(model !== undefined && { model }) });
  if (outcome.type === 'refused') return ok({ status: 'error', message: outcome.reason, ti_uuid: '' });
  return ok({
    status: 'success',
    message: `TaskInstance registered successfully for model ${outcome.model}`,
    ti_uuid: outcome.uuid,
  });
}

const REMOVAL = record({ host: optional(HOST), port: optional(PORT), ti_uuid: optional(text(100)) });

/** The document names an instance by its UUID, the existing code by host and port; both are taken. */
export async function remove({ instances }: TaskApiParts, { body }: TaskCall): Promise<TaskAnswer> {
  const wish = readBody(body, REMOVAL);
  const name = nameOf(wish);
  const removed = await instances.remove(name);
  const shown = 'uuid' in name ? name.uuid : `${name.host}:${name.port}`;
  return ok({
    status: removed === undefined ? 'error' : 'success',
    message:
      removed === undefined ? `TaskInstance at ${shown} not found` : 'TaskInstance removed successfully',
    host: removed?.host ?? wish.host ?? null,
    port: removed?.port ?? wish.port ?? null,
    ti_uuid: removed?.uuid ?? null,
  });
}

function nameOf(wish: ReturnType<typeof REMOVAL>): InstanceName {
  if (wish.ti_uuid !== undefined) return { uuid: wish.ti_uuid };
  const { host, port } = wish;
  if (host !== undefined && port !== undefined) return { host, port };
  const missing = [host === undefined ? 'host' : '', port === undefined ? 'port' : ''].filter(Boolean);
  throw new InvalidRequest(missing.map((name) => mistake('missing', ['body', name], 'Field required', wish)));
}

export function queueInfo({ service }: TaskApiParts, { query }: TaskCall): TaskAnswer {
  const { model_name: model } = readQuery(query, record({ model_name: optional(text(500)) }));
  const queues = service.queues(model).filter(({ isDraining }) => !isDraining);
  return ok({
    status: 'success',
    queues: queues.map(({ uuid, model: served, state }) => ({
      model_name: served,
      ti_uuid: uuid,
      waiting_time_expect: state.expectedMs,
      waiting_time_error: state.errorMs,
    })),
  });
}
