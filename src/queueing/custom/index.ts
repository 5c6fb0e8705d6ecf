/** Policies that somebody else wrote. */

export {
  type CustomPolicy,
  formOf,
  type PlannedDecision,
  type PolicyContext,
  type PolicyForm,
} from './custom-policy.ts';
export { FunctionPolicy, type FunctionPolicyOptions, functionPolicy } from './function-policy.ts';
export type { GuardOptions, PolicyProblem, PolicyProblemKind } from './guard.ts';
export { DEFAULT_BUDGET_MS } from './guard.ts';
export { createPolicyInstance, type PolicyInstance, type PolicyInstanceFields } from './policy-instance.ts';
