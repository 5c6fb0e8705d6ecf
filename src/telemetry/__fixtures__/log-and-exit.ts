/** A program that writes 500 log lines, to twenty logs in turn, and ends at once, in the way that its argument says. */

import { createLogger } from '../logger.ts';

const logs = await Promise.all(
  Array.from({ length: 20 }, () => createLogger({ level: 'info', format: 'json' })),
);
for (let number = 0; number < 500; number += 1) logs[number % logs.length]!.logger.info({ number }, 'line');
if (process.argv[2] === 'exit') process.exit(0);
if (process.argv[2] === 'throw') throw new Error('as asked');
