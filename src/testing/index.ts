/** For authors of policies: the conformance suite, and small values to try a policy with. */

export {
  createInstance,
  createRequest,
  ManualClock,
  REQUEST_PRIORITIES,
  seededRandom,
} from '../domain/index.ts';
export { createPolicyInstance } from '../queueing/index.ts';
export {
  type AnyPolicy,
  type ConformanceOptions,
  describePolicy,
  type TestTools,
} from './describe-policy.ts';
export { PolicyTrial, type TrialOptions } from './policy-trial.ts';
