import { describe, expect, it } from 'vitest';
import { aNewTask, queueRooms } from './__fixtures__/queue-room.ts';
import { QUANTILES_SETTING } from './api-settings.ts';

const { open } = queueRooms();

const timed = (server_time_cost: number) => aNewTask({ metadata: { server_time_cost } });

describe('the setting probabilistic_quantiles', () => {
  it('changes at which levels queues are known, for what is queued already, and again after a restart', async () => {
    const first = await open();
    await first.addTaskInstance({ mode: { type: 'swallow' } });
    await first.service.submit([timed(100), timed(300)]);
    const levelsIn = (room: typeof first) => room.service.queues()[0]!.state.quantiles?.levels;
    expect(levelsIn(first)).toEqual([0.25, 0.5, 0.75, 0.99]);
    await first.settings.set(QUANTILES_SETTING, [0.1, 0.5, 0.9]);
    expect(levelsIn(first)).toEqual([0.1, 0.5, 0.9]);
    const { levels, values } = first.service.queues()[0]!.state.quantiles!;
    expect(values).toHaveLength(levels.length);
    expect(values[1]).toBeGreaterThan(300);

    const second = await open({
      openStore: async () => ({ ...first.store(), close: async () => undefined }),
    });
    expect(levelsIn(second)).toEqual([0.1, 0.5, 0.9]);
    await second.service.submit([timed(50)]);
    expect(levelsIn(second)).toEqual([0.1, 0.5, 0.9]);
  });

  it('may name 0 and 1, which no distribution that only its moments are known of has', async () => {
    const room = await open();
    await room.addTaskInstance({ mode: { type: 'swallow' } });
    await room.settings.set(QUANTILES_SETTING, [0, 0.5, 1]);
    await room.service.submit([timed(100)]);
    const { quantiles } = room.service.queues()[0]!.state;
    expect(quantiles!.levels).toEqual([0.001, 0.5, 0.999]);
    for (const value of quantiles!.values) expect(value).toBeGreaterThan(0);
    for (const value of quantiles!.values) expect(value).toBeLessThan(1_000);
  });
});
