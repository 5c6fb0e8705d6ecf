/** `signalbox plan`: which layers of a model go to which machine, how good that is, and what would make it better. */

import { readFileSync, writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { SignalboxError } from '../domain/errors.ts';
import {
  createNode,
  DEFAULT_SETTINGS,
  DynamicProgrammingLayerAllocator,
  GreedyLayerAllocator,
  hardwareOf,
  type LayerAllocator,
  OBJECTIVES,
  type OptimalSettings,
  optimalAllocator,
  type PlanObjective,
  timedBudget,
} from '../pipeline/index.ts';
import { readModel } from './plan/model-file.ts';
import { type NodesFile, parseNodesFile } from './plan/nodes-file.ts';
import { planPicture } from './plan/picture.ts';
import { PlanError } from './plan/plan-error.ts';
import { bestAddition, type PlanRequest, planReport } from './plan/report.ts';
import { differenceText, planText } from './plan/report-text.ts';

export interface PlanFlags {
  readonly model: string;
  readonly nodes: string;
  readonly allocator: keyof typeof ALLOCATORS;
  readonly objective: PlanObjective;
  readonly batch: number;
  readonly minTokens: number;
  readonly timeLimit: number;
  readonly json?: boolean;
  readonly svg?: string;
  readonly without: readonly string[];
  readonly add: readonly string[];
}

const ALLOCATORS: Readonly<
  Record<'optimal' | 'dp' | 'greedy', (flags: PlanFlags, settings: OptimalSettings) => LayerAllocator>
> = {
  optimal: ({ objective, timeLimit }, settings) =>
    optimalAllocator({
      ...settings,
      objective,
      budget: () => timedBudget(() => performance.now(), performance.now() + timeLimit * 1000),
    }),
  dp: () => new DynamicProgrammingLayerAllocator(),
  greedy: () => new GreedyLayerAllocator(),
};

export function planCommand(): Command {
  return new Command('plan')
    .description('say which layers of a model go to which machine, and how good that is')
    .requiredOption(
      '--model <config.json>',
      "a model's config.json, its folder, or its name in Hugging Face's cache",
    )
    .requiredOption('--nodes <nodes.yaml>', 'the machines (examples/pipelines/nodes.yaml)')
    .addOption(
      new Option('--allocator <name>', 'the planner').choices(Object.keys(ALLOCATORS)).default('optimal'),
    )
    .addOption(
      new Option('--objective <name>', 'what to make most of').choices([...OBJECTIVES]).default('pipelines'),
    )
    .option('--batch <requests>', 'requests in a step that stages are timed for', readCount, 1)
    .option(
      '--min-tokens <tokens>',
      "tokens that every stage's KV cache has room for (optimal)",
      readWhole,
      0,
    )
    .option('--time-limit <seconds>', 'how long a search may go on (optimal)', readSeconds, 2)
    .option('--without <node>', 'also without this node; may be repeated', collect, [])
    .option('--add <gpu>', 'also with one more of this GPU, or of this node; may be repeated', collect, [])
    .option('--json', 'print the plan as JSON')
    .option('--svg <file>', 'draw the plan')
    .action(act);
}

function act(flags: PlanFlags, command: Command): void {
  const { writeOut } = command.configureOutput();
  try {
    const file = parseNodesFile(readText(flags.nodes), flags.nodes);
    const settings = {
      work: { ...DEFAULT_SETTINGS.work, batchSize: flags.batch },
      minCacheTokens: flags.minTokens,
    };
    const request = {
      model: readModel(flags.model, process.env),
      file,
      allocator: ALLOCATORS[flags.allocator](flags, settings),
      objective: flags.objective,
      settings,
    };
    const isChanged = flags.without.length + flags.add.length > 0;
    const changed = isChanged ? { ...request, file: changedFile(file, flags) } : request;
    writeOut?.(isChanged ? textOfChange(request, changed, flags) : textOf(request, flags));
  } catch (error) {
    if (!(error instanceof PlanError) && !(error instanceof SignalboxError)) throw error;
    command.error(`error: ${error.message}`, { exitCode: 1 });
  }
}

function textOf(request: PlanRequest, flags: PlanFlags): string {
  const report = planReport(request);
  if (flags.svg !== undefined) writeText(flags.svg, planPicture(report));
  const helper = bestAddition(request, report.objective.value);
  if (flags.json) return `${JSON.stringify({ ...report, wouldHelp: helper }, undefined, 2)}\n`;
  return planText(report, helper);
}

function textOfChange(before: PlanRequest, after: PlanRequest, flags: PlanFlags): string {
  const [from, to] = [planReport(before), planReport(after)];
  if (flags.svg !== undefined) writeText(flags.svg, planPicture(to));
  if (flags.json) return `${JSON.stringify({ before: from, after: to }, undefined, 2)}\n`;
  return `${planText(to, bestAddition(after, to.objective.value))}\n${differenceText(from, to)}`;
}

function changedFile(file: NodesFile, { without, add }: PlanFlags): NodesFile {
  const unknown = without.find((id) => !file.nodes.some((node) => node.id === id));
  if (unknown !== undefined) {
    throw new PlanError(
      `--without: found "${unknown}", which is none of ${file.nodes.map(({ id }) => id).join(', ')}`,
    );
  }
  const isLeft = (id: string) => !without.includes(id);
  const left = file.nodes.filter(({ id }) => isLeft(id));
  const added = add.map((name, at) => {
    const like = file.nodes.find(({ id }) => id === name);
    const id = `added-${at + 1}`;
    return like ? { ...like, id } : createNode({ id, hardware: hardwareOf(name) });
  });
  return {
    ...file,
    nodes: [...left, ...added],
    manual: new Map([...file.manual].filter(([id]) => isLeft(id))),
    pinned: new Set([...file.pinned].filter(isLeft)),
    avoid: new Set([...file.avoid].filter(isLeft)),
  };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new PlanError(`${path} cannot be read: ${(error as Error).message}`);
  }
}

function writeText(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw new PlanError(`${path} cannot be written: ${(error as Error).message}`);
  }
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function readWhole(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && text.trim() !== '') return value;
  throw new InvalidArgumentError('It must be a whole number, 0 or more.');
}

function readCount(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('It must be a whole number, 1 or more.');
}

function readSeconds(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('It must be a number of seconds above 0.');
}
