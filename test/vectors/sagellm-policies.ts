/** Runs the records of sageLLM's scheduling policies and of its guide's `get_next_request` examples. */

import { createRequest, type RequestMetadata, type RequestPriority } from '../../src/domain/index.ts';
import {
  adaptivePolicy,
  type BuiltInPolicy,
  createPolicy,
  createPolicyInstance,
  type PlannedDecision,
  type PolicyInstance,
  productionPolicy,
} from '../../src/queueing/index.ts';
import type { VectorOutcome, VectorSuite } from './runner.ts';

interface RawRequest {
  readonly request_id: string;
  readonly priority: RequestPriority;
  readonly age_ms?: number;
  readonly submitted_at?: number;
  readonly max_tokens?: number | null;
  readonly slo_deadline_ms?: number | null;
  readonly cost_budget?: number | null;
  readonly model_name?: string;
}

interface RawInstance {
  readonly instance_id: string;
  /** A share in the records of the code, a count in those of the guide. */
  readonly current_load?: number;
  readonly avg_latency_ms?: number;
  readonly throughput_tokens_per_sec?: number;
  readonly gpu_count?: number;
  readonly active_requests?: number;
  readonly max_concurrency?: number;
  readonly is_available?: boolean;
  readonly is_healthy?: boolean;
  readonly available?: boolean;
  readonly model_name?: string;
  readonly machine_id?: string;
}

interface RawDecision {
  readonly request_id: string;
  readonly instance_id: string;
  readonly estimated_latency_ms: number;
  readonly estimated_cost: number;
  readonly confidence: number;
}

interface PolicyRecord {
  readonly kind: string;
  readonly input: {
    readonly requests: readonly RawRequest[];
    readonly instances: readonly RawInstance[];
    readonly params?: { readonly price_per_gpu_hour?: number };
  };
  readonly expect: {
    readonly decisions: readonly RawDecision[];
    readonly prioritize?: readonly string[];
    readonly chosen_policy?: string;
  };
}

interface GuideRecord {
  readonly input: {
    readonly priority_enum: string;
    readonly now_ms: number;
    readonly pending_queue: readonly RawRequest[];
    readonly available_instances: readonly RawInstance[];
  };
  readonly expect: {
    readonly FIFOPolicy: string | null;
    readonly PriorityPolicy: string | null;
    readonly SLOAwarePolicy: string | null;
    readonly ProductionPolicy: string | null;
    readonly 'ProductionPolicy.healthy': readonly string[];
    readonly 'ProductionPolicy.scores': Readonly<Record<string, number>>;
  };
}

/** What differs, in words; none when the record passes. */
type Differences = readonly string[];
type Check = (record: never) => Differences;

const CHECKS: Readonly<Record<string, Check>> = {
  'policy.fifo': checkPolicy as Check,
  'policy.priority': checkPolicy as Check,
  'policy.slo_aware': checkPolicy as Check,
  'policy.cost_optimized': checkPolicy as Check,
  'policy.adaptive': checkPolicy as Check,
  'adaptive.choice': checkAdaptive as Check,
  'doc.custom_scheduling.get_next_request': checkGuide as Check,
};

const NAMES: Readonly<Record<string, string>> = {
  'policy.fifo': 'fifo',
  'policy.priority': 'priority',
  'policy.slo_aware': 'slo-aware',
  'policy.cost_optimized': 'cost-optimized',
  'policy.adaptive': 'adaptive',
};

const WAYS: Readonly<Record<string, string>> = {
  Priority: 'priority',
  'SLO-Aware': 'slo-aware',
  CostOptimized: 'cost-optimized',
};

const NOW_MS = 1_000_000;

export const SAGELLM_POLICIES: VectorSuite = {
  file: 'sagellm.jsonl',
  handles: (kind) => Object.hasOwn(CHECKS, kind),
  run,
};

/** @param lines of any kinds; those of other kinds are not counted */
export function run(lines: readonly string[]): VectorOutcome {
  let passed = 0;
  const failed: { id: string; why: string }[] = [];
  for (const line of lines) {
    if (line.trim() === '') continue;
    const record = JSON.parse(line) as { readonly id: string; readonly kind: string };
    const { id, kind } = record;
    const check = CHECKS[kind];
    if (check === undefined) continue;
    const differences = check(record as never);
    if (differences.length === 0) passed++;
    else failed.push({ id, why: differences.join('; ') });
  }
  return { passed, failed, skipped: [] };
}

/** The whole order, and the first decision: from the second on, ours sees what the ones before it have booked (fault 4). */
function checkPolicy({ kind, input, expect }: PolicyRecord): Differences {
  const price = input.params?.price_per_gpu_hour;
  const name = NAMES[kind]!;
  const takesPrice = name === 'cost-optimized' && price !== undefined;
  const policy = createPolicy({ name, ...(takesPrice && { pricePerGpuHour: price }) });
  return comparePolicy(policy, input, expect);
}

function checkAdaptive({ input, expect }: PolicyRecord): Differences {
  const policy = adaptivePolicy();
  const { way } = policy.choose(input.requests.map(toRequest), input.instances.map(toInstance));
  return [
    ...difference('chosen policy', way, WAYS[expect.chosen_policy!]),
    ...comparePolicy(policy, input, expect),
  ];
}

function comparePolicy(
  policy: BuiltInPolicy,
  input: PolicyRecord['input'],
  expect: PolicyRecord['expect'],
): Differences {
  const requests = input.requests.map(toRequest);
  const context = { nowMs: NOW_MS };
  const order = policy.prioritize(requests, context).map(({ id }) => id);
  const [first] = policy.schedule(requests, input.instances.map(toInstance), context);
  return [
    ...(expect.prioritize === undefined ? [] : difference('order', order, expect.prioritize)),
    ...compareDecision(first, expect.decisions[0]),
  ];
}

function compareDecision(found: PlannedDecision | undefined, expected: RawDecision | undefined): Differences {
  if (found === undefined || expected === undefined) {
    return difference('first decision', found?.requestId, expected?.request_id);
  }
  return [
    ...difference('request', found.requestId, expected.request_id),
    ...difference('instance', found.instanceId, expected.instance_id),
    ...near('latency', found.estimatedLatencyMs, expected.estimated_latency_ms),
    ...near('cost', found.estimatedCostUsd, expected.estimated_cost),
    ...near('confidence', found.confidence, expected.confidence),
  ];
}

/**
 * The guide's examples, as far as they are sound: `FIFOPolicy` where the queue is in order of submission, as the guide promises;
 * `PriorityPolicy` by the code's numbers of the classes and `ProductionPolicy` by the guide's, since each is upside down by the
 * other (fault 7); `SLOAwarePolicy` where nobody is late, since ours sets those aside.
 */
function checkGuide({ input, expect }: GuideRecord): Differences {
  const context = { nowMs: input.now_ms };
  const pending = input.pending_queue.map(toRequest);
  const instances = input.available_instances.map(toGuideInstance);
  const isGuideNumbering = input.priority_enum.startsWith('doc');
  const nobodyGoes = pending.length === 0 || instances.length === 0;
  const first = (name: string): string | null =>
    nobodyGoes ? null : createPolicy({ name }).prioritize(pending, context)[0]!.id;
  const production = productionPolicy();
  const healthy = production.healthy(instances).map(({ id }) => id);
  const scores = Array.from(
    production.scores(pending, instances, context),
    ([{ id }, score]) => [id, score] as const,
  );
  const goes = production.nextRequest(pending, instances, context)?.id ?? null;
  return [
    ...(isInOrder(pending) ? difference('FIFOPolicy', first('fifo'), expect.FIFOPolicy) : []),
    ...(isGuideNumbering ? [] : difference('PriorityPolicy', first('priority'), expect.PriorityPolicy)),
    ...(input.pending_queue.some((raw) => isLate(raw, input.now_ms)) || isByQueueAlone(pending)
      ? []
      : difference(
          'SLOAwarePolicy',
          nobodyGoes ? null : firstDue(pending, input.now_ms),
          expect.SLOAwarePolicy,
        )),
    ...(nobodyGoes ? [] : difference('healthy', healthy, expect['ProductionPolicy.healthy'])),
    ...(isGuideNumbering && !nobodyGoes ? difference('ProductionPolicy', goes, expect.ProductionPolicy) : []),
    ...(isGuideNumbering && !nobodyGoes
      ? scores.flatMap(([id, score]) => near(`score of ${id}`, score, expect['ProductionPolicy.scores'][id]))
      : []),
  ];
}

/** A deadline of 0 has passed at once, in this one of the guide's examples. */
const isLate = (
  { submitted_at: sinceMs = 0, slo_deadline_ms: withinMs }: RawRequest,
  nowMs: number,
): boolean => withinMs != null && sinceMs + withinMs <= nowMs;

/** Where nobody has a deadline, the guide takes the queue's order to be that of submission. */
const isByQueueAlone = (pending: readonly RequestMetadata[]): boolean =>
  !isInOrder(pending) && pending.every(({ deadlineMs }) => deadlineMs === undefined);

/** By the live order, not by the guide's function over a list. */
function firstDue(pending: readonly RequestMetadata[], nowMs: number): string {
  const order = createPolicy({ name: 'slo-aware', noSloMs: 1e12 }).createOrder();
  pending.forEach((request, joinOrder) => {
    order.add({ request, tokens: 0, enqueuedMs: nowMs, joinOrder });
  });
  return order.next({ nowMs, instances: [] })!.waiting.request.id;
}

const isInOrder = (requests: readonly RequestMetadata[]): boolean =>
  requests.every(({ arrivalMs }, i) => i === 0 || requests[i - 1]!.arrivalMs <= arrivalMs);

/** A deadline or budget of 0 is none (oddity 12). */
function toRequest(raw: RawRequest): RequestMetadata {
  const arrivalMs = raw.submitted_at ?? NOW_MS - (raw.age_ms ?? 0);
  return createRequest({
    id: raw.request_id,
    model: raw.model_name ?? 'm',
    arrivalMs,
    priority: raw.priority,
    ...(raw.max_tokens != null && { maxTokens: raw.max_tokens }),
    ...(raw.slo_deadline_ms && { deadlineMs: arrivalMs + raw.slo_deadline_ms }),
    ...(raw.cost_budget && { costBudgetUsd: raw.cost_budget }),
  });
}

/** Their rule of who takes one more: available, healthy, fewer than 100 active, load below 0.95. */
function toInstance(raw: RawInstance): PolicyInstance {
  const { current_load: load = 0, active_requests: active = 0 } = raw;
  const isAvailable = raw.is_available !== false && raw.is_healthy !== false;
  return createPolicyInstance({
    id: raw.instance_id,
    load,
    isAvailable,
    canAcceptRequest: isAvailable && active < 100 && load < 0.95,
    currentLoad: active,
    avgLatencyMs: raw.avg_latency_ms ?? 0,
    throughputTokensPerSecond: raw.throughput_tokens_per_sec ?? 0,
    gpuCount: raw.gpu_count ?? 1,
  });
}

function toGuideInstance(raw: RawInstance): PolicyInstance {
  return createPolicyInstance({
    id: raw.instance_id,
    isAvailable: raw.available !== false,
    currentLoad: raw.current_load ?? 0,
    maxConcurrency: raw.max_concurrency ?? 100,
    models: raw.model_name === undefined ? [] : [raw.model_name],
    ...(raw.machine_id !== undefined && { machine: raw.machine_id }),
  });
}

function difference(what: string, found: unknown, expected: unknown): Differences {
  const [is, should] = [JSON.stringify(found), JSON.stringify(expected)];
  return is === should ? [] : [`${what}: found ${is}, expected ${should}`];
}

function near(what: string, found: number | undefined, expected: number | undefined): Differences {
  if (found === undefined || expected === undefined) return difference(what, found, expected);
  const isNear = Math.abs(found - expected) <= 1e-9 * Math.max(1, Math.abs(expected));
  return isNear ? [] : [`${what}: found ${found}, expected ${expected}`];
}
