/** Before every test file: property tests draw new cases each time, but in CI the same ones, so that a run can be repeated. */

import fc from 'fast-check';

const CI_SEED = 20_261_122;

if (process.env.CI !== undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: CI_SEED });
