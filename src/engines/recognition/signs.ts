/** The kinds of sign by which engines are told apart. */

import type { Certainty, EngineSign } from '../adapter.ts';
import { MODELS_PATH, readModelList } from './openai-models.ts';

/** A metric whose name begins so. */
export function metricPrefix(path: string, ...prefixes: readonly string[]): EngineSign {
  return {
    path,
    certainty: 'certain',
    see(answers) {
      const text = `\n${answers.text(path)}`;
      const found = prefixes.find((prefix) => text.includes(`\n${prefix}`));
      return found && `${path} has metrics named ${found}…`;
    },
  };
}

/** A model list whose entries are owned by the engine itself. */
export function ownedBy(owner: string): EngineSign {
  return {
    path: MODELS_PATH,
    certainty: 'certain',
    see(answers) {
      const isOwner = readModelList(answers)?.some((entry) => entry.ownedBy === owner);
      return isOwner ? `${MODELS_PATH} says owned_by "${owner}"` : undefined;
    },
  };
}

/** A JSON page with all of these fields. */
export function jsonFields(path: string, certainty: Certainty, ...fields: readonly string[]): EngineSign {
  return {
    path,
    certainty,
    see(answers) {
      const page = answers.object(path);
      return fields.every((field) => page[field] !== undefined)
        ? `${path} has ${fields.join(' and ')}`
        : undefined;
    },
  };
}
