/** What an open stream through which nothing flows keeps of the memory. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Contender } from '../contender.ts';
import { residentBytes } from '../machine/resident-memory.ts';
import { type Bench, orSkip } from './bench.ts';

/** Each in a process of its own that has done nothing before: what it has kept from earlier work would hide the growth. */
export async function measureMemory(bench: Bench): Promise<void> {
  const { settings, say } = bench;
  say(`memory with ${settings.openStreams.join(' and then ')} open streams`);
  for (const [{ name }, round] of turns(bench)) {
    await orSkip(bench, { name }, 'memory', async () => {
      const contender = await bench.startFresh(name);
      try {
        await measureOne(bench, contender, round);
      } finally {
        await bench.rig.ask('closeStreams', {});
        await contender.stop();
      }
    });
  }
}

function turns({ settings, contenders }: Bench): (readonly [Contender, number])[] {
  const measured = contenders.filter(({ name }) => name !== 'direct');
  const rounds = Array.from({ length: settings.memoryRounds }, (_, index) => index + 1);
  return rounds.flatMap((round) => measured.map((contender) => [contender, round] as const));
}

async function measureOne(
  { settings, rig, rows }: Bench,
  contender: Contender,
  round: number,
): Promise<void> {
  const { name, url, headers } = contender;
  const [few, many] = settings.openStreams;
  const read = async (open: number): Promise<number> => {
    await rig.ask('openStreams', { target: { url, headers }, count: open });
    await contender.collectGarbage?.();
    await sleep(settings.settleSeconds * 1000);
    return residentBytes(contender.pids());
  };
  const first = await read(few);
  const second = await read(many - few);
  rows.memory.push({
    contender: name,
    round,
    openStreams: [few, many],
    residentBytes: [first, second],
    bytesPerOpenStream: (second - first) / (many - few),
  });
}
