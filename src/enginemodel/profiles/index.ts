/** The built-in profiles and their lookup by name. Adding one is a data file and a line here. */

import { editDistance } from '../../domain/index.ts';
import type { EngineProfile } from '../profile.ts';
import { LLAMA_3_8B_A100 } from './llama-3-8b-a100.ts';
import { LLAMA_3_8B_H100 } from './llama-3-8b-h100.ts';
import { LLAMA_3_70B_A100X4 } from './llama-3-70b-a100x4.ts';
import { LLAMA_3_70B_H100X4 } from './llama-3-70b-h100x4.ts';
import { LLAMA_3_70B_H100X8 } from './llama-3-70b-h100x8.ts';

export const ENGINE_PROFILES: readonly EngineProfile[] = [
  LLAMA_3_8B_H100,
  LLAMA_3_8B_A100,
  LLAMA_3_70B_H100X4,
  LLAMA_3_70B_H100X8,
  LLAMA_3_70B_A100X4,
];

/** Thrown for a profile name that is not in the table; its message says which names there are. */
export class UnknownProfileError extends Error {
  override readonly name = 'UnknownProfileError';
  readonly asked: string;
  readonly suggestion: string;

  constructor(asked: string, known: readonly string[]) {
    const suggestion = nearest(asked, known);
    super(`Unknown engine profile '${asked}'. Did you mean '${suggestion}'? Known: ${known.join(', ')}.`);
    this.asked = asked;
    this.suggestion = suggestion;
  }
}

/** The profile of that name, in any case. */
export function findProfile(name: string): EngineProfile {
  const wanted = name.trim().toLowerCase();
  const found = ENGINE_PROFILES.find((profile) => profile.name === wanted);
  if (found) return found;
  throw new UnknownProfileError(
    name,
    ENGINE_PROFILES.map((profile) => profile.name),
  );
}

function nearest(asked: string, known: readonly string[]): string {
  const wanted = asked.trim().toLowerCase();
  return known.reduce((best, name) =>
    editDistance(wanted, name) < editDistance(wanted, best) ? name : best,
  );
}
