/** A process that dumps a store which was opened and closed without a task, to the file that it is told; the file appears whole. */

import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { openTaskStore } from '../open.ts';

const file = process.argv[2]!;
const workshop = await mkdtemp(`${file}.making-`);
try {
  await (await openTaskStore({ directory: workshop })).close();
  const database = await PGlite.create({ dataDir: join(workshop, 'data') });
  const dump = await database.dumpDataDir('none');
  await database.close();
  const draft = join(workshop, 'dump.tar');
  await writeFile(draft, dump.stream());
  await rename(draft, file);
} finally {
  await rm(workshop, { recursive: true, force: true });
}
