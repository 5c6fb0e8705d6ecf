/** **When**: scheduling policies, the waiting queue, admission and shedding. */

export { type Admission, type AdmissionLimits, admit } from './admission.ts';
export { fifoPolicy } from './fifo.ts';
export { type HeapSlot, heapSlot, IndexedHeap } from './indexed-heap.ts';
export { keyedPolicy } from './keyed-policy.ts';
export type { NextRequest, OrderContext, OrderedRequest, RequestOrder } from './order.ts';
export { createPolicy, POLICY_NAMES, type PolicySettings } from './policies.ts';
export type { OrderKey, SchedulingPolicy } from './policy.ts';
export { DEFAULT_AGING_MS, type PriorityPolicyParameters, priorityPolicy } from './priority.ts';
export { Lane, WaitingQueue, type WaitingRequest } from './waiting-queue.ts';
