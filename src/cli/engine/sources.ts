/** The engines that `signalbox engine` can serve. One more kind is one more entry in the table. */

import { InvalidArgumentError, Option } from 'commander';
import { ENGINE_PROFILES, findProfile } from '../../enginemodel/index.ts';
import type { DialectName, TokenEngine } from '../../engines/serving/index.ts';

/** What the sources read of the command line. */
export interface EngineFlags {
  readonly model?: string;
  readonly simulate?: string;
  readonly speed?: number;
  readonly seed?: number;
  readonly gguf?: string;
  readonly sequences?: number;
  readonly contextTokens?: number;
  readonly threads?: number;
}

export interface OpenedEngine {
  readonly engine: TokenEngine;
  /** Parallel sequences. */
  readonly slots: number;
  /** Says in a line what answers here. */
  readonly about: string;
}

export interface EngineSource {
  /** The flag that chooses it. */
  readonly flag: keyof EngineFlags;
  /** Whose API it shows unless told otherwise. */
  readonly dialect: DialectName;
  options(): readonly Option[];
  /** Loads what this engine needs, and only then. */
  open(flags: EngineFlags): Promise<OpenedEngine>;
}

const simulated: EngineSource = {
  flag: 'simulate',
  dialect: 'vllm',
  options: () => [
    new Option(
      '--simulate <profile>',
      `model and hardware: ${ENGINE_PROFILES.map(({ name }) => name).join(', ')}`,
    ),
    new Option('--speed <factor>', 'times faster than that hardware (default: 1)').argParser(positiveNumber),
    new Option('--seed <number>', 'other seeds give other answers (default: 1)').argParser(integer),
  ],
  async open({ simulate = '', model, speed, seed }) {
    const profile = findProfile(simulate);
    const { SimulatedEngine } = await import('../../engines/simulated/index.ts');
    const engine = new SimulatedEngine({
      profile,
      ...(model === undefined ? {} : { model }),
      ...(speed === undefined ? {} : { speed }),
      ...(seed === undefined ? {} : { seed }),
    });
    const pace = speed === undefined || speed === 1 ? '' : `, ${speed} times faster`;
    const about = `simulated: no model runs here, answers are made up, timed as ${profile.name}${pace}`;
    return { engine, slots: profile.maxSequences, about };
  },
};

const gguf: EngineSource = {
  flag: 'gguf',
  dialect: 'llamacpp',
  options: () => [
    new Option('--gguf <file>', 'a real model, computed by llama.cpp on the CPU (needs node-llama-cpp)'),
    new Option('--sequences <number>', 'requests computed together (default: 4)').argParser(countingNumber),
    new Option(
      '--context-tokens <number>',
      "tokens that one request may span (default: the model's own, at most 4096)",
    ).argParser(countingNumber),
    new Option('--threads <number>', 'threads to compute with (default: as the cores allow)').argParser(
      countingNumber,
    ),
  ],
  async open({ gguf: file = '', model, sequences, contextTokens, threads }) {
    const { openGgufEngine } = await import('../../engines/gguf/index.ts');
    const engine = await openGgufEngine({
      file,
      ...(model !== undefined && { modelName: model }),
      ...(sequences !== undefined && { sequences }),
      ...(contextTokens !== undefined && { contextTokens }),
      ...(threads !== undefined && { threads }),
    });
    const size = `sequences: ${engine.sequences}, threads: ${engine.threads}`;
    return {
      engine,
      slots: Math.max(1, engine.sequences),
      about: `${file}, computed by llama.cpp on the CPU, ${size}`,
    };
  },
};

export const ENGINE_SOURCES: readonly EngineSource[] = [simulated, gguf];

function positiveNumber(text: string): number {
  const value = Number(text);
  if (value > 0 && value < Infinity) return value;
  throw new InvalidArgumentError('a number above 0 is allowed.');
}

function integer(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError('a whole number is allowed.');
}

function countingNumber(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('a whole number of at least 1 is allowed.');
}
