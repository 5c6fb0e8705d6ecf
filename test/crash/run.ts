/** The crash harness from the command line: `npm run test:crash -- [--seconds N] [--store embedded|postgres] [--seed N]`. */

import { parseArgs } from 'node:util';
import { isGood, runCrash } from './crash-run.ts';
import { exitWhenTold } from './own-processes.ts';

const USAGE =
  'usage: npm run test:crash -- [--seconds N] [--store embedded|postgres] [--seed N] [--clients N]';
const STORES = ['embedded', 'postgres'] as const;
const SHOWN = 20;

exitWhenTold();
process.exitCode = await main(process.argv.slice(2));

/** The status to end with: 0 when all is well, 1 when something was lost or doubled, 2 when it could not be run. */
async function main(args: readonly string[]): Promise<number> {
  const call = readCall(args);
  if (typeof call === 'string') {
    console.error(`${call}\n${USAGE}`);
    return 2;
  }
  console.error(`seed ${call.seed}`);
  try {
    const report = await runCrash({ ...call, onNews: (line) => console.error(line) });
    const { rounds, acknowledged, completed, lost, doubled, runs, ownEnds } = report;
    for (const [what, tasks] of Object.entries({ lost, doubled })) {
      for (const [id, why] of [...tasks].slice(0, SHOWN)) console.error(`${what}: ${id} ${why}`);
    }
    console.error(`${runs} runs of tasks, ${ownEnds} servers that ended by themselves`);
    console.log(JSON.stringify({ rounds, acknowledged, completed, lost: lost.size, doubled: doubled.size }));
    return isGood(report) ? 0 : 1;
  } catch (error) {
    console.error(error);
    return 2;
  }
}

type Call = {
  readonly store: (typeof STORES)[number];
  readonly seconds: number;
  readonly seed: number;
  readonly clients: number;
};

/** What is wrong, in words, instead of a call. */
function readCall(args: readonly string[]): Call | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string', default: '60' },
        store: { type: 'string', default: 'embedded' },
        seed: { type: 'string', default: String(Date.now() % 1_000_000) },
        clients: { type: 'string', default: '8' },
      },
    });
    const store = STORES.find((one) => one === values.store);
    if (store === undefined) return `--store is ${values.store}; allowed are ${STORES.join(' and ')}`;
    const [seconds, seed, clients] = [values.seconds, values.seed, values.clients].map(Number) as [
      number,
      number,
      number,
    ];
    if (!(seconds > 0)) return `--seconds is ${values.seconds}; a number above 0 is allowed`;
    if (!Number.isInteger(seed)) return `--seed is ${values.seed}; a whole number is allowed`;
    if (!(Number.isInteger(clients) && clients > 0))
      return `--clients is ${values.clients}; a whole number above 0 is allowed`;
    return { store, seconds, seed, clients };
  } catch (error) {
    return (error as Error).message;
  }
}
