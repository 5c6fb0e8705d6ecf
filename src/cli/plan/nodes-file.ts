/** Reads the nodes that are to be planned for, and names each mistake with its line. */

import { z } from 'zod';
import {
  type ConfigProblem,
  formatPath,
  formatProblem,
  positionOfValue,
  readDocument,
} from '../../config/index.ts';
import { SignalboxError } from '../../domain/errors.ts';
import { createNode, hardwareOf, type LayerRange, type PipelineNode } from '../../pipeline/index.ts';
import { PlanError } from './plan-error.ts';

const positive = z.number().positive();
const share = z.number().min(0).max(1);
const whole = z.number().int().min(1);

const nodeSchema = z.strictObject({
  id: z.string().min(1),
  /** The name of a known GPU or Apple chip; or its figures below. */
  gpu: z.string().min(1),
  gpus: whole.optional(),
  memoryGb: positive.optional(),
  tflopsFp16: positive.optional(),
  memoryBandwidthGBps: positive.optional(),
  device: z.string().min(1).optional(),
  /** So many alike, called `id-1`, `id-2`, … */
  count: whole.max(10_000).optional(),
  paramMemoryShare: share.optional(),
  kvCacheMemoryShare: share.optional(),
  maxSequenceLength: whole.optional(),
  usdPerHour: z.number().min(0).optional(),
  labels: z.record(z.string(), z.string()).optional(),
  rttMs: z.record(z.string(), z.number().min(0)).optional(),
  /** Exactly these: from the first up to, not including, the second. */
  layers: z.tuple([z.number().int().min(0), z.number().int().min(1)]).optional(),
  pinned: z.boolean().optional(),
  avoid: z.boolean().optional(),
});

const fileSchema = z.strictObject({
  nodes: z.array(nodeSchema).min(1),
  /** Labels in which all nodes of a pipeline agree. */
  keepApartBy: z.array(z.string().min(1)).optional(),
});

type NodeEntry = z.infer<typeof nodeSchema>;

export interface NodesFile {
  readonly nodes: readonly PipelineNode[];
  readonly manual: ReadonlyMap<string, LayerRange>;
  readonly pinned: ReadonlySet<string>;
  readonly avoid: ReadonlySet<string>;
  readonly keepApartBy: readonly string[];
}

/** @throws {PlanError} with every mistake on a line of its own */
export function parseNodesFile(text: string, filename: string): NodesFile {
  const { data, positions, problems } = readDocument(text);
  const refuse = (found: readonly ConfigProblem[]): never => {
    throw new PlanError(found.map((problem) => formatProblem(problem, filename)).join('\n'));
  };
  const problemAt = (path: readonly (string | number)[], message: string): ConfigProblem => ({
    path: formatPath(path),
    ...positionOfValue(positions, path),
    message: path.length === 0 ? message : `${formatPath(path)}: ${message}`,
  });
  if (problems.length > 0) refuse(problems);
  const parsed = fileSchema.safeParse(data ?? {});
  if (!parsed.success) {
    return refuse(
      parsed.error.issues.map(({ path, message }) => problemAt(path as (string | number)[], message)),
    );
  }
  const mistakes: ConfigProblem[] = [];
  const entries = parsed.data.nodes.flatMap((entry, index) =>
    spread(entry).map((one) => ({ entry: one, path: ['nodes', index] as const })),
  );
  const seen = new Set<string>();
  const nodes: PipelineNode[] = [];
  for (const { entry, path } of entries) {
    if (seen.has(entry.id)) mistakes.push(problemAt([...path, 'id'], `two nodes are called "${entry.id}"`));
    seen.add(entry.id);
    try {
      nodes.push(nodeOf(entry));
    } catch (error) {
      if (!(error instanceof SignalboxError)) throw error;
      mistakes.push(problemAt([...path, 'gpu'], error.message));
    }
  }
  if (mistakes.length > 0) refuse(mistakes);
  const named = (is: (entry: NodeEntry) => boolean | undefined) =>
    new Set(entries.filter(({ entry }) => is(entry)).map(({ entry }) => entry.id));
  return {
    nodes,
    manual: new Map(
      entries.flatMap(({ entry: { id, layers } }) =>
        layers ? [[id, { start: layers[0], end: layers[1] }] as const] : [],
      ),
    ),
    pinned: named(({ pinned }) => pinned),
    avoid: named(({ avoid }) => avoid),
    keepApartBy: parsed.data.keepApartBy ?? [],
  };
}

function spread({ count, ...entry }: NodeEntry): readonly NodeEntry[] {
  if (count === undefined) return [entry];
  return Array.from({ length: count }, (_, at) => ({ ...entry, id: `${entry.id}-${at + 1}` }));
}

function nodeOf(entry: NodeEntry): PipelineNode {
  const { id, rttMs, labels, paramMemoryShare, kvCacheMemoryShare, maxSequenceLength, usdPerHour } = entry;
  return createNode({
    id,
    hardware: hardwareFrom(entry),
    ...(rttMs && { rttMs: new Map(Object.entries(rttMs)) }),
    ...(labels && { labels }),
    ...(paramMemoryShare !== undefined && { paramMemoryShare }),
    ...(kvCacheMemoryShare !== undefined && { kvCacheMemoryShare }),
    ...(maxSequenceLength !== undefined && { maxSequenceLength }),
    ...(usdPerHour !== undefined && { usdPerHour }),
  });
}

/** By name, with what the file says otherwise; only by figures where all are there. */
function hardwareFrom({ gpu, gpus, memoryGb, tflopsFp16, memoryBandwidthGBps, device }: NodeEntry) {
  if (tflopsFp16 !== undefined && memoryBandwidthGBps !== undefined && memoryGb !== undefined) {
    return {
      gpuName: gpu,
      gpuCount: gpus ?? 1,
      memoryGb,
      tflopsFp16,
      memoryBandwidthGBps,
      device: device ?? 'cuda',
    };
  }
  const known = hardwareOf(gpu, { gpuCount: gpus ?? 1, ...(memoryGb !== undefined && { memoryGb }) });
  return {
    ...known,
    ...(tflopsFp16 !== undefined && { tflopsFp16 }),
    ...(memoryBandwidthGBps !== undefined && { memoryBandwidthGBps }),
    ...(device !== undefined && { device }),
  };
}
