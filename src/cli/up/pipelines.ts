/** Machines that serve one model together, when the configuration has some: from its section to a running service. */

import { readFile } from 'node:fs/promises';
import { type ChainInstance, ChainService, type ChainServiceOptions } from '../../chains/index.ts';
import type { Config, PipelinesConfig } from '../../config/index.ts';
import type { Clock, Random } from '../../domain/index.ts';
import { SYSTEM_TIMERS } from '../../engines/index.ts';
import {
  createModelInfo,
  DynamicProgrammingLayerAllocator,
  GreedyLayerAllocator,
  type LayerAllocator,
  LivePipelines,
  type ModelInfo,
  type ModelInfoInit,
  modelInfoFromHuggingFace,
  optimalAllocator,
  PIPELINE_ROUTINGS,
  type PipelineEffect,
  stepBudget,
} from '../../pipeline/index.ts';
import { createAddressCheck, createGuardedClient, parsePortRange } from '../../tasks/index.ts';
import type { AppLog } from '../../telemetry/index.ts';
import { StartError } from './start-error.ts';

export interface PipelineParts {
  readonly log: AppLog;
  readonly clock: Clock;
  readonly random: Random;
  /** The absolute path of a file that the configuration names. */
  readonly pathOf: (file: string) => string;
  /** The configuration in force. */
  readonly config: () => Config;
  readonly onInstances: (instances: readonly ChainInstance[]) => void;
}

/** About a twentieth of a second: requests are served beside it. */
const PLANNING_STEPS = 5_000_000;

const ALLOCATORS: Readonly<Record<PipelinesConfig['allocator'], () => LayerAllocator>> = {
  optimal: () => optimalAllocator({ budget: () => stepBudget(PLANNING_STEPS) }),
  dp: () => new DynamicProgrammingLayerAllocator(),
  greedy: () => new GreedyLayerAllocator(),
};

export async function openPipelines(
  section: PipelinesConfig | undefined,
  { log, clock, random, pathOf, config, onInstances }: PipelineParts,
): Promise<ChainService | undefined> {
  if (section === undefined) return undefined;
  const model = await loadModel(pathOf(section.model));
  const { make, mixesPipelines } = PIPELINE_ROUTINGS[section.routing];
  const { minNodes, heartbeatTimeoutMs, assumedRttMs, maxWaiting, keepApartBy, rebalance } = section;
  const { threshold: rebalanceThreshold = Number.POSITIVE_INFINITY, ...moving } = rebalance;
  const pipelines = new LivePipelines({
    model,
    allocator: ALLOCATORS[section.allocator](),
    routing: make(random),
    settings: {
      ...{ minNodes, heartbeatTimeoutMs, assumedRttMs, maxWaiting, keepApartBy, mixesPipelines },
      ...{ rebalanceThreshold, ...moving },
    },
  });
  const pipelineLog = log.component('pipelines');
  return new ChainService({
    pipelines,
    servedName: section.servedName ?? model.name,
    routeLeaseMs: section.routeLeaseMs,
    clock,
    timers: SYSTEM_TIMERS,
    checkAddress: addressCheck(config),
    onInstances,
    onEffect: (effect) => logEffect(pipelineLog, effect),
  });
}

async function loadModel(path: string): Promise<ModelInfo> {
  try {
    const file = JSON.parse(await readFile(path, 'utf8')) as Readonly<Record<string, unknown>>;
    // Only Hugging Face's files name a type of model.
    if ('model_type' in file) return modelInfoFromHuggingFace(file);
    return createModelInfo(file as unknown as ModelInfoInit);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StartError(`pipelines.model: ${path} cannot be used: ${reason}`, { cause });
  }
}

/** Nodes may be where instances that register for tasks may be; what was looked at is what is called. */
function addressCheck(config: () => Config): ChainServiceOptions['checkAddress'] {
  const check = () => {
    const { allowedCidrs, allowedPorts } = config().tasks.registration;
    return createAddressCheck({
      allowedCidrs,
      allowsPublic: false,
      allowedPorts: allowedPorts.map(parsePortRange),
    });
  };
  return async (text) => {
    const url = new URL(text);
    const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
    const refusal = check().portRefusal(port);
    if (refusal !== undefined) return { refusal };
    const client = createGuardedClient({ check });
    try {
      const resolved = await client.resolve(url.hostname);
      if ('refusal' in resolved) return resolved;
      const [address] = resolved.addresses;
      // A certificate is for the name.
      if (url.protocol === 'http:' && address !== undefined) {
        url.hostname = address.includes(':') ? `[${address}]` : address;
      }
      return { url: url.href.replace(/\/$/, '') };
    } finally {
      await client.close();
    }
  };
}

function logEffect(log: ReturnType<AppLog['component']>, { type, ...facts }: PipelineEffect): void {
  if (type === 'routed' || type === 'waiting') return;
  const level = type === 'interrupted' || type === 'pipeline-dissolved' ? 'warn' : 'info';
  log[level](facts, type.replaceAll('-', ' '));
}
