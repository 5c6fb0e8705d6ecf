import { describe, expect, it } from 'vitest';
import { ENGINE_PROFILES } from '../../enginemodel/index.ts';
import { ENGINE_SOURCES } from './sources.ts';

const simulated = ENGINE_SOURCES.find(({ flag }) => flag === 'simulate')!;

describe('the engines one can serve', () => {
  it('are chosen by flags of which each is one of its own options', () => {
    for (const source of ENGINE_SOURCES) {
      expect(source.options().map((option) => option.attributeName())).toContain(source.flag);
    }
    expect(new Set(ENGINE_SOURCES.map(({ flag }) => flag)).size).toBe(ENGINE_SOURCES.length);
  });

  it.each(ENGINE_PROFILES.map(({ name }) => name))('include %s, simulated', async (name) => {
    const { engine, slots, about } = await simulated.open({ simulate: name });
    expect(engine.modelNames).toEqual([name.split('@')[0]]);
    expect(slots).toBe(256);
    expect(about).toBe(`simulated: no model runs here, answers are made up, timed as ${name}`);
    await engine.close();
  });

  it('name all profiles in the help', () => {
    const help = simulated.options()[0]!.description;
    for (const { name } of ENGINE_PROFILES) expect(help).toContain(name);
  });

  it('take a name, a speed and a seed', async () => {
    const open = (seed: number) =>
      simulated.open({ simulate: 'llama-3-8b@a100', model: 'mine', speed: 7, seed });
    const { engine, about } = await open(1);
    expect(engine.modelNames).toEqual(['mine']);
    expect(about).toContain('7 times faster');
    const { signal } = new AbortController();
    const [first, second] = [
      await engine.embed('x', signal),
      await (await open(2)).engine.embed('x', signal),
    ];
    expect(first.embedding).not.toEqual(second.embedding);
  });

  it('refuse a profile that does not exist', async () => {
    await expect(simulated.open({ simulate: 'gpt-2@abacus' })).rejects.toThrow(
      /Unknown engine profile 'gpt-2@abacus'/,
    );
  });
});
