import { describe, expect, it } from 'vitest';
import { seededRandom } from '../domain/index.ts';
import { createModes } from './modes.ts';
import { TaskPredictor } from './predictions/index.ts';
import type { StrategyName, TaskStrategy } from './strategies/index.ts';

/** Two lives of a process, and two processes, share what is stored. */
function house() {
  const values = new Map<string, unknown>();
  const store = {
    setting: async (key: string) => values.get(key) ?? undefined,
    setSetting: async (key: string, value: unknown) => void values.set(key, value),
  };
  return async (configured: StrategyName | TaskStrategy) => {
    const process = { configured };
    const modes = createModes({
      store,
      predictor: new TaskPredictor(),
      random: seededRandom(1),
      configured: () => process.configured,
    });
    await modes.configure();
    await modes.load();
    return {
      modes,
      reconfigure: (next: StrategyName | TaskStrategy) => {
        process.configured = next;
        return modes.configure();
      },
    };
  };
}

describe('the strategy', () => {
  it('is the one that the configuration names, until another one is set', async () => {
    const start = house();
    const { modes } = await start('po2');
    expect(modes.strategy()).toBe('po2');
    expect(modes.current().name).toBe('po2');
    await modes.setStrategy('weighted');
    expect(modes.current().name).toBe('weighted');
  });

  it('that was set outlives a restart and a change of other settings', async () => {
    const start = house();
    const first = await start('po2');
    await first.modes.setStrategy('weighted');
    await first.reconfigure('po2');
    expect(first.modes.strategy()).toBe('weighted');
    expect((await start('po2')).modes.strategy()).toBe('weighted');
  });

  it('that was set gives way to another one in the configuration, for good', async () => {
    const start = house();
    const first = await start('po2');
    await first.modes.setStrategy('weighted');
    await first.reconfigure('min_time');
    expect(first.modes.strategy()).toBe('min_time');
    await first.reconfigure('po2');
    expect(first.modes.strategy()).toBe('po2');
  });

  it('that was set gives way to another one in the configuration at the next start, too', async () => {
    const start = house();
    await (await start('po2')).modes.setStrategy('weighted');
    expect((await start('random')).modes.strategy()).toBe('random');
    expect((await start('po2')).modes.strategy()).toBe('po2');
  });

  it('that another process set is taken over', async () => {
    const start = house();
    const [one, other] = [await start('po2'), await start('po2')];
    await one.modes.setStrategy('round_robin');
    await other.modes.load();
    expect(other.modes.strategy()).toBe('round_robin');
  });

  it("of somebody's own can be left and set again, and is none any more once it is not configured", async () => {
    const start = house();
    const own: TaskStrategy = { name: 'mine', choose: () => 0 };
    const first = await start(own);
    expect(first.modes.current()).toBe(own);
    expect(first.modes.strategies()[0]).toBe('mine');
    await first.modes.setStrategy('po2');
    expect(first.modes.strategy()).toBe('po2');
    await first.modes.setStrategy('mine');
    expect((await start(own)).modes.current()).toBe(own);
    await first.reconfigure('po2');
    await expect(first.modes.setStrategy('mine')).rejects.toMatchObject({ code: 'invalid_value' });
  });

  it('of the same name in another file takes the place of the one before', async () => {
    const own = (index: number): TaskStrategy => ({ name: 'mine', choose: () => index });
    const { modes, reconfigure } = await house()(own(0));
    const next = own(1);
    await reconfigure(next);
    expect(modes.current()).toBe(next);
  });
});
