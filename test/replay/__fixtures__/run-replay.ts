/** Runs `signalbox replay` alone, as its own process. */

import { replayCommand } from '../../../src/cli/replay.ts';

await replayCommand().parseAsync();
