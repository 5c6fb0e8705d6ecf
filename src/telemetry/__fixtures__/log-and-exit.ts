/** A program that writes 500 log lines and ends at once, in the way that its argument says. */

import { createLogger } from '../logger.ts';

const { logger } = await createLogger({ level: 'info', format: 'json' });
for (let number = 0; number < 500; number += 1) logger.info({ number }, 'line');
if (process.argv[2] === 'exit') process.exit(0);
if (process.argv[2] === 'throw') throw new Error('as asked');
