/** Writes a data group: a table on the appliance that iRules look things up in. */

import { ApplianceError, failureOfStatus } from './appliance-error.ts';
import { fullPath, type ObjectName } from './object-name.ts';
import type { RestAnswer } from './rest.ts';
import type { Session } from './session.ts';

const GROUPS = '/tm/ltm/data-group/internal';

/**
 * Creates the group or replaces what it holds; somebody else may do the same at the same time. Whatever the appliance says to
 * the question whether it is there, the writing shows it.
 */
export async function writeDataGroup(
  session: Session,
  group: ObjectName,
  values: ReadonlyMap<string, string>,
): Promise<void> {
  const path = `${GROUPS}/${fullPath(group)}`;
  const records = [...values].map(([name, data]) => ({ name, data }));
  const replace = () => session.call({ method: 'PUT', path, json: { type: 'string', records } });
  const create = () =>
    session.call({ method: 'POST', path: GROUPS, json: { ...group, type: 'string', records } });

  const isThere = records.length === 0 || (await session.call({ method: 'GET', path })).status === 200;
  if (!isThere) {
    const created = await create();
    requireDone(created.status === 409 ? await replace() : created, group);
    return;
  }
  const replaced = await replace();
  requireDone(replaced.status === 404 ? await create() : replaced, group);
}

function requireDone({ status }: RestAnswer, { name, partition }: ObjectName): void {
  if (status === 200 || status === 201) return;
  const what = `data group ${name} in ${partition}`;
  throw new ApplianceError(failureOfStatus(status), `${what}: answered ${status}`, status);
}
