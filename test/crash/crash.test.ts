/** A short run of the crash harness on each storage; `npm run test:crash` has long ones. */

import { describe, expect, it } from 'vitest';
import { type CrashOptions, runCrash } from './crash-run.ts';
import { findPostgres } from './postgres-cluster.ts';

const SECONDS = 4;
/** Nearly all of it is starting, on a machine that others use, too. */
const WITHIN_MS = 240_000;

/** Whoever names a PostgreSQL for the tests wants them; the one that is killed here is another one. */
const whyNoPostgres =
  (process.env.SIGNALBOX_TEST_POSTGRES ?? '') === ''
    ? 'SIGNALBOX_TEST_POSTGRES is not set'
    : findPostgres() === undefined
      ? 'no PostgreSQL server is installed'
      : undefined;

describe('after kill -9 at random moments', () => {
  it(
    'every acknowledged task is in the embedded store once, and none ran twice at once',
    async () => {
      await expectNothingLost('embedded');
    },
    WITHIN_MS,
  );

  const ofTwo = 'the same holds for two servers that share a PostgreSQL, which is killed as well';
  it.skipIf(whyNoPostgres !== undefined)(
    whyNoPostgres === undefined ? ofTwo : `${ofTwo} (skipped: ${whyNoPostgres})`,
    async () => {
      await expectNothingLost('postgres');
    },
    WITHIN_MS,
  );
});

async function expectNothingLost(store: CrashOptions['store']): Promise<void> {
  const seed = Date.now() % 1_000_000;
  const news: string[] = [`seed ${seed}`];
  const report = await runCrash({
    ...{ store, seed },
    seconds: SECONDS,
    longestTaskMs: 2_000,
    onNews: (line) => news.push(line),
  });
  const said = news.join('\n');
  expect(report.rounds, said).toBeGreaterThan(0);
  expect(report.acknowledged, said).toBeGreaterThan(0);
  expect(Object.fromEntries(report.lost), said).toEqual({});
  expect(Object.fromEntries(report.doubled), said).toEqual({});
  expect(report.ownEnds, said).toBe(0);
  expect(report.completed).toBe(report.acknowledged);
}
