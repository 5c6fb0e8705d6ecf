/**
 * Before every test file: property tests draw new cases at each run. One that fails prints `{ seed: …, path: … }`;
 * FAST_CHECK_SEED=… draws the cases of that seed again.
 */

import fc from 'fast-check';

const { FAST_CHECK_SEED } = process.env;

if (FAST_CHECK_SEED !== undefined && FAST_CHECK_SEED !== '') {
  const seed = Number(FAST_CHECK_SEED);
  if (!Number.isInteger(seed))
    throw new RangeError(`FAST_CHECK_SEED is ${FAST_CHECK_SEED}, an integer is expected`);
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
}
