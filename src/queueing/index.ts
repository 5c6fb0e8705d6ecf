/** **When**: scheduling policies, the waiting queue, admission and shedding. */

export { AdaptivePolicy, adaptivePolicy } from './adaptive/policy.ts';
export { type Admission, type AdmissionLimits, admit } from './admission.ts';
export * from './custom/index.ts';
export { fifoPolicy } from './fifo.ts';
export { type HeapSlot, heapSlot, IndexedHeap } from './indexed-heap.ts';
export type { PolicyInputs, PolicySwitch, PrefixKnowledge } from './inputs.ts';
export { type KeyedPolicy, keyedPolicy } from './keyed-policy.ts';
export type { NextRequest, OrderContext, OrderedRequest, RequestOrder } from './order.ts';
export type { OrderKey } from './order-key.ts';
export {
  createPolicy,
  DEFAULT_POLICY,
  findPolicy,
  POLICIES,
  POLICY_NAMES,
  type PolicyDefinition,
  type PolicySettings,
} from './policies.ts';
export type { BuiltInPolicy, GuideFunctions, SchedulingPolicy } from './policy.ts';
export {
  numbersAmong,
  type PlainRecord,
  type PlainValue,
  type PolicyFigures,
  policyFigures,
} from './policy-figures.ts';
export { DEFAULT_AGING_MS, priorityPolicy } from './priority.ts';
export { ProductionPolicy, productionPolicy } from './production/policy.ts';
export * from './shedding/index.ts';
export { SwappablePolicy } from './swappable-policy.ts';
export { Lane, type QueueAmounts, WaitingQueue, type WaitingRequest } from './waiting-queue.ts';
