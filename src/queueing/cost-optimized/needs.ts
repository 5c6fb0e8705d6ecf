/** What a request needs of an instance, each really checked. */

import { type InstanceView, type RequestMetadata, servesModel, tokenFootprint } from '../../domain/index.ts';
import { canAccept } from '../custom/policy-instance.ts';

/** Whether the instance can hold and serve the request at all, and take it now. */
export function canTake(view: InstanceView, request: RequestMetadata, nowMs: number): boolean {
  const { instance } = view;
  return (
    canAccept(view, nowMs) &&
    instance.role === 'both' &&
    servesModel(instance, request.model) &&
    (request.adapter === undefined || instance.adapters.includes(request.adapter)) &&
    tokenFootprint(request) <= (instance.maxContextTokens ?? Number.POSITIVE_INFINITY) &&
    request.promptTokens <= freeKvTokens(view) &&
    !request.failedInstances.includes(instance.id)
  );
}

/** As far as the last report tells; without one, nothing speaks against it. */
function freeKvTokens({ report, work }: InstanceView): number {
  if (report?.kvCacheTokens === undefined || report.kvCacheUsage === undefined)
    return Number.POSITIVE_INFINITY;
  // Prompts that were dispatched and are not computed yet do not show in the usage.
  return report.kvCacheTokens * (1 - report.kvCacheUsage) - work.uncachedTokens;
}
