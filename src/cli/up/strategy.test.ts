import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { TaskStrategy } from '../../tasks/index.ts';
import { strategyOpener } from './strategy.ts';

const candidates = [
  { uuid: 'a', queue: { expectedMs: 5, errorMs: 0, tasks: 1 } },
  { uuid: 'b', queue: { expectedMs: 1, errorMs: 0, tasks: 1 } },
];

async function opened(content: string) {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-strategy-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'mine.ts'), content);
  const problems: string[] = [];
  const open = strategyOpener({
    pathOf: (file) => join(folder, file),
    random: { next: () => 0.75 },
    onProblem: ({ message, times }) => problems.push(`${times}: ${message}`),
  });
  return { problems, open, strategy: (await open('./mine.ts')) as TaskStrategy };
}

describe('tasks.strategy', () => {
  it('is a name as it stands', async () => {
    const { open } = await opened('export const strategy = { name: "mine", choose: () => 0 };');
    expect(await open('po2')).toBe('po2');
  });

  it('is loaded from a file, once', async () => {
    const { open, strategy } = await opened(
      'export const strategy = { name: "mine", choose: (): number => 0 };',
    );
    expect(strategy.name).toBe('mine');
    expect(strategy.choose(candidates, 'm')).toBe(0);
    expect(await open('./mine.ts')).toBe(strategy);
  });

  it('hands chance to a strategy that is made by a function', async () => {
    const { strategy } = await opened(
      'export const createStrategy = ({ random }) => ({ name: "dice", choose: (all) => Math.floor(random.next() * all.length) });',
    );
    expect(strategy.choose(candidates, 'm')).toBe(1);
  });

  it('is stood in for by the default where it fails, and that is told ever more rarely', async () => {
    const { strategy, problems } = await opened('export default { name: "mine", choose: () => 7 };');
    for (let i = 0; i < 5; i++) expect(strategy.choose(candidates, 'm')).toBe(1);
    expect(problems.map((problem) => problem.split(':')[0])).toEqual(['1', '2', '4']);
  });

  it.each([
    [
      'nothing',
      'export {};',
      'must export `strategy` or `createStrategy` with a function `choose`, found nothing',
    ],
    ['no function', 'export const strategy = { name: "x" };', 'with a function `choose`, found strategy'],
    ['no name', 'export const strategy = { choose: () => 0 };', 'name: found undefined'],
    ['the name of another', 'export const strategy = { name: "po2", choose: () => 0 };', 'name: found "po2"'],
    ['no TypeScript', 'export const strategy = {', 'tasks.strategy: '],
    ['a mistake of its own', 'throw new Error("boo");', 'boo'],
  ])('says what is wrong with a file that has %s', async (_name, content, message) => {
    await expect(opened(content)).rejects.toThrow(message);
  });

  it('says that a file is not there', async () => {
    const { open } = await opened('export default { name: "mine", choose: () => 0 };');
    await expect(open('./other.ts')).rejects.toThrow(/tasks\.strategy: .*other\.ts cannot be loaded: /);
  });
});
