/** The instance near which a request should run: the one it names, else the one where its conversation was last. */

import type { ExecutionInstance, InstanceView, RequestMetadata } from '../../domain/index.ts';
import type { RoutingInputs } from '../plugins.ts';

/** The tag by which a request names it. */
export const PREFERRED_INSTANCE_TAG = 'preferred_instance_id';

export function referenceInstance(
  request: RequestMetadata,
  views: readonly InstanceView[],
  { sessions }: RoutingInputs,
): ExecutionInstance | undefined {
  const preferred = request.tags[PREFERRED_INSTANCE_TAG];
  const named = preferred === undefined ? undefined : views.find(({ instance }) => instance.id === preferred);
  return named?.instance ?? sessions?.lastInstance(request);
}
