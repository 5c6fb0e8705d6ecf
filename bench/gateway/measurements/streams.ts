/** Streamed events per second that one core carries, what one costs it, and whether all of them arrive as they were sent. */

import type { Contender } from '../contender.ts';
import type { Pace } from '../rig/answers.ts';
import { type Bench, orSkip } from './bench.ts';

/** Events of one stream, as of an ordinary answer. */
const FRAMES = 200;

const PACES: readonly Pace[] = ['closed', 'step'];

export async function measureStreams(bench: Bench): Promise<void> {
  const { settings, say } = bench;
  say(`${settings.streams} streams: as fast as they come through, then at an engine's pace`);
  for (const contender of bench.contenders) {
    for (const pace of PACES) {
      await orSkip(bench, contender, `streams, pace "${pace}"`, () => measureOne(bench, contender, pace));
      contender.tidy?.();
    }
  }
}

async function measureOne(
  { settings, rig, rows }: Bench,
  { name, url, headers, pids }: Contender,
  pace: Pace,
): Promise<void> {
  const { streams, seconds, warmUpSeconds } = settings;
  const processes = pids();
  const options = { target: { url, headers }, streams, frames: FRAMES, pace, warmUpSeconds, seconds };
  const result = await rig.ask('streamLoad', { ...options, pids: processes });
  const { chunks, cpuMicros, framesLost, streamsAltered, failures } = result;
  if (failures.length > 0) throw new Error(failures.join('; '));
  rows.streams.push({
    contender: name,
    pace,
    streams,
    chunks,
    chunksPerSecond: chunks / result.seconds,
    ...(processes.length > 0 && {
      cpuMicrosecondsPerChunk: cpuMicros / chunks,
      coreShare: cpuMicros / (result.seconds * 1e6),
    }),
    framesLost,
    streamsAltered,
  });
}
