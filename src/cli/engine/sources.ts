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

export const ENGINE_SOURCES: readonly EngineSource[] = [simulated];

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
