/** An instance as policies that are functions see it: plain, frozen facts under the guides' names. */

import type { ExecutionInstance, InstanceView } from '../../domain/index.ts';

export interface PolicyInstance {
  readonly id: string;
  readonly url: string;
  readonly engine: string;
  /** Models and adapters it serves. */
  readonly models: readonly string[];
  readonly adapters: readonly string[];
  readonly role: string;
  readonly gpuCount: number;
  readonly gpuType?: string;
  readonly usdPerHour?: number;
  readonly tensorParallelSize: number;
  readonly pipelineParallelSize: number;
  readonly maxContextTokens?: number;
  /** Whether it is in rotation. */
  readonly isAvailable: boolean;
  /** Whether it may get one more request now. */
  readonly canAcceptRequest: boolean;
  /** Requests of ours that run there. */
  readonly currentLoad: number;
  /** The most that may. */
  readonly maxConcurrency: number;
  /** How full it is, 0 to 1. */
  readonly load: number;
  /** Prompt tokens that wait there for their first token. */
  readonly pendingPrefillTokens: number;
  /** Mean latency lately, milliseconds; 0 before the first completion. */
  readonly avgLatencyMs: number;
  /** How fast one request lately got its tokens; 0 before the first completion. */
  readonly throughputTokensPerSecond: number;
  /** Of its last report, where the engine exposes it. */
  readonly waitingRequests?: number;
  readonly runningRequests?: number;
  readonly kvCacheUsage?: number;
  readonly kvCacheTokens?: number;
  readonly machine?: string;
  readonly rack?: string;
  readonly zone?: string;
  readonly numaNode?: string;
  readonly gpuBusId?: string;
  /** Ids of instances that it shares an NVLink with. */
  readonly nvlinkPeers: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export type PolicyInstanceFields = Pick<PolicyInstance, 'id'> & Partial<PolicyInstance>;

const DEFAULTS = {
  url: '',
  engine: 'openai',
  models: [],
  adapters: [],
  role: 'both',
  gpuCount: 1,
  tensorParallelSize: 1,
  pipelineParallelSize: 1,
  isAvailable: true,
  canAcceptRequest: true,
  currentLoad: 0,
  maxConcurrency: 100,
  load: 0,
  pendingPrefillTokens: 0,
  avgLatencyMs: 0,
  throughputTokensPerSecond: 0,
  nvlinkPeers: [],
  labels: {},
} as const;

/** A frozen instance with the guides' defaults for whatever `fields` leave out. */
export function createPolicyInstance(fields: PolicyInstanceFields): PolicyInstance {
  return Object.freeze({ ...DEFAULTS, ...fields });
}

/** What was measured of an instance by its completions. */
export interface MeasuredFigures {
  readonly avgLatencyMs: number;
  readonly throughputTokensPerSecond: number;
}

/** Whether `view` may get one more request. */
export function canAccept(view: InstanceView, nowMs: number): boolean {
  return (
    view.state === 'ready' &&
    view.inFlightRequests < view.windowRequests &&
    view.restingUntilMs <= nowMs &&
    view.pendingPrefillTokens < view.instance.maxPrefillTokens
  );
}

export function policyInstance(view: InstanceView, figures: MeasuredFigures, nowMs: number): PolicyInstance {
  const { instance, report, inFlightRequests, windowRequests } = view;
  return Object.freeze({
    ...instanceFacts(instance),
    isAvailable: view.state === 'ready',
    canAcceptRequest: canAccept(view, nowMs),
    currentLoad: inFlightRequests,
    maxConcurrency: windowRequests,
    load: windowRequests === 0 ? 1 : Math.min(1, inFlightRequests / windowRequests),
    pendingPrefillTokens: view.pendingPrefillTokens,
    avgLatencyMs: figures.avgLatencyMs,
    throughputTokensPerSecond: figures.throughputTokensPerSecond,
    ...(report?.waitingRequests !== undefined && { waitingRequests: report.waitingRequests }),
    ...(report?.runningRequests !== undefined && { runningRequests: report.runningRequests }),
    ...(report?.kvCacheUsage !== undefined && { kvCacheUsage: report.kvCacheUsage }),
    ...(report?.kvCacheTokens !== undefined && { kvCacheTokens: report.kvCacheTokens }),
  });
}

type LabelledFacts = Pick<PolicyInstance, 'machine' | 'rack' | 'zone' | 'numaNode' | 'gpuBusId'>;

/** Under which labels topology is written. */
const LABELS: Readonly<Record<keyof LabelledFacts, string>> = {
  machine: 'machine',
  rack: 'rack',
  zone: 'zone',
  numaNode: 'numa_node',
  gpuBusId: 'gpu_bus_id',
};

function instanceFacts(instance: ExecutionInstance) {
  const { id, url, engine, models, adapters, role, gpuCount, gpuType, usdPerHour, parallel, labels } =
    instance;
  const named = Object.entries(LABELS).filter(([, label]) => labels[label] !== undefined);
  return {
    ...{ id, url, engine, models, adapters, role, gpuCount, labels },
    ...(gpuType !== undefined && { gpuType }),
    ...(usdPerHour !== undefined && { usdPerHour }),
    ...(instance.maxContextTokens !== undefined && { maxContextTokens: instance.maxContextTokens }),
    tensorParallelSize: parallel.tensor,
    pipelineParallelSize: parallel.pipeline,
    nvlinkPeers: Object.freeze(splitNames(labels.nvlink_peers ?? '')),
    ...(Object.fromEntries(named.map(([field, label]) => [field, labels[label]])) as LabelledFacts),
  };
}

const splitNames = (text: string): string[] => text.split(/[\s,]+/).filter((name) => name !== '');
