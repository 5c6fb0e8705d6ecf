import { expect, it } from 'vitest';
import { createPolicy, functionPolicy } from '../../queueing/index.ts';
import { controlRooms } from '../__fixtures__/control-room.ts';

const open = controlRooms();

it('shows the policy in force', async () => {
  const room = await open();
  const shown = async () => (await room.call('/admin/policy')).json();
  expect(await shown()).toEqual({ name: 'fifo', figures: {}, isTruncated: false });
  room.scheduler.reconfigure({ policy: createPolicy({ name: 'signalbox' }) });
  room.addInstance({ id: 'gpu-1' });
  room.submit({ id: 'r1', priority: 'HIGH' });
  expect(await shown()).toMatchObject({
    name: 'signalbox',
    figures: { dispatchedByClass: { HIGH: 1, NORMAL: 0 } },
  });
});

it('shows what can be shown of a policy whose figures are no good, which stays in force', async () => {
  const room = await open();
  const figures: Record<string, unknown> = { big: 1n, text: 'x'.repeat(1e6) };
  figures.self = figures;
  let isBroken = false;
  const policy = functionPolicy({
    name: 'mine',
    orderKey: () => 1,
    getStats() {
      if (isBroken) throw new Error('oops');
      return figures;
    },
  });
  room.scheduler.reconfigure({ policy });
  const shown = async () => (await room.call('/admin/policy')).json();
  expect(await shown()).toMatchObject({ figures: { adapter: { threw: 0 }, big: '1', self: '(itself)' } });
  isBroken = true;
  for (let looks = 0; looks < 10; looks++) await shown();
  expect(await shown()).toMatchObject({ figures: { adapter: { threw: 11, isRetired: false } } });
  expect((await room.call('/metrics')).text).toContain(
    'signalbox_policy_figure{policy="mine",stat="adapter.threw"}',
  );
});
