/** The fleet as the scheduler sees it, and taking instances out of rotation and back. */

import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { INSTANCE_STATES, SignalboxError, servesModel } from '../../domain/index.ts';
import type { InstanceStatus } from '../../scheduler/index.ts';
import type { AdminOptions } from '../options.ts';
import { Instance, InstanceList } from '../schemas.ts';
import { instanceView } from '../views.ts';
import { name, query } from './parameters.ts';
import { errorResponses, jsonResponse } from './responses.ts';

const params = z.object({ id: name("The instance's id") });

const list = createRoute({
  method: 'get',
  path: '/admin/instances',
  operationId: 'listInstances',
  tags: ['fleet'],
  summary: 'Every instance: its state, its load, what its engine last said and how old that is',
  request: {
    query: query({
      model: name('Only those that serve this model or adapter').optional(),
      state: z
        .enum(INSTANCE_STATES, `one of ${INSTANCE_STATES.join(', ')}`)
        .optional()
        .openapi({ description: 'Only those in this state' }),
    }),
  },
  responses: { 200: jsonResponse(InstanceList, 'The instances'), ...errorResponses('invalid_value') },
});

const one = createRoute({
  method: 'get',
  path: '/admin/instances/{id}',
  operationId: 'getInstance',
  tags: ['fleet'],
  summary: 'One instance',
  request: { params },
  responses: { 200: jsonResponse(Instance, 'The instance'), ...errorResponses('invalid_value', 'not_found') },
});

const drain = createRoute({
  method: 'post',
  path: '/admin/instances/{id}/drain',
  operationId: 'drainInstance',
  tags: ['fleet'],
  summary: 'Send it no new requests; what runs there finishes',
  request: { params },
  responses: {
    200: jsonResponse(Instance, 'The instance as it is then'),
    ...errorResponses('invalid_value', 'not_found', 'conflict'),
  },
});

const undrain = createRoute({
  ...drain,
  path: '/admin/instances/{id}/undrain',
  operationId: 'undrainInstance',
  summary: 'Send it requests again',
});

export function mountInstances(app: OpenAPIHono, options: AdminOptions): void {
  const { scheduler, instanceErrors, fleetDescription } = options;
  const view = (status: InstanceStatus) => instanceView(status, instanceErrors?.of(status.instance.id) ?? []);

  function statusOf(id: string): InstanceStatus {
    const statuses = scheduler.instances();
    const found = statuses.find(({ instance }) => instance.id === id);
    if (found !== undefined) return found;
    throw new SignalboxError(
      'not_found',
      `There is no instance ${JSON.stringify(id)}${othersThan(statuses)}.`,
      {
        param: 'id',
      },
    );
  }

  function setDraining(id: string, isDraining: boolean): InstanceStatus {
    if (statusOf(id).state === 'gone') {
      throw new SignalboxError('conflict', `Instance ${JSON.stringify(id)} has left the fleet.`, {
        param: 'id',
      });
    }
    scheduler.tellFleet({ type: 'instance-draining', instanceId: id, isDraining });
    return statusOf(id);
  }

  app.openapi(list, (context) => {
    const { model, state } = context.req.valid('query');
    const statuses = scheduler
      .instances()
      .filter((status) => state === undefined || status.state === state)
      .filter((status) => model === undefined || servesModel(status.instance, model));
    const instances = statuses.map(view);
    return context.json(
      { ...(fleetDescription !== undefined && { fleet: fleetDescription }), instances },
      200,
    );
  });
  app.openapi(one, (context) => context.json(view(statusOf(context.req.valid('param').id)), 200));
  app.openapi(drain, (context) => context.json(view(setDraining(context.req.valid('param').id, true)), 200));
  app.openapi(undrain, (context) =>
    context.json(view(setDraining(context.req.valid('param').id, false)), 200),
  );
}

/** Names a few of the instances there are, for who mistyped. */
function othersThan(statuses: readonly InstanceStatus[]): string {
  if (statuses.length === 0) return '; the fleet is empty';
  const names = statuses.slice(0, 10).map(({ instance }) => instance.id);
  return `; there are ${names.join(', ')}${statuses.length > names.length ? ', …' : ''}`;
}
