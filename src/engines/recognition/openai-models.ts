/** OpenAI's list of models as engines extend it: whose it is, what it was adapted from, how long its context is. */

import type { EngineListing } from '../adapter.ts';
import { type Answers, asCount, asObject, asText } from './answers.ts';

export const MODELS_PATH = '/v1/models';

interface ListedModel {
  readonly id: string;
  readonly ownedBy: string | undefined;
  /** The base model's name; only a LoRA adapter has one. */
  readonly parent: string | undefined;
  readonly maxContextTokens: number | undefined;
}

/** The entries of `/v1/models`, or `undefined` when the answer is no such list. Entries without an id are left out. */
export function readModelList(answers: Answers): readonly ListedModel[] | undefined {
  const { data } = answers.object(MODELS_PATH);
  if (!Array.isArray(data)) return undefined;
  return data.map(asObject).flatMap((entry) => {
    const id = asText(entry.id);
    if (id === undefined) return [];
    return [
      {
        id,
        ownedBy: asText(entry.owned_by),
        parent: asText(entry.parent),
        maxContextTokens: asCount(entry.max_model_len),
      },
    ];
  });
}

/** What `/v1/models` says is served, adapters apart from models. */
export function listOpenAiModels(answers: Answers): EngineListing | undefined {
  const entries = readModelList(answers);
  if (!entries) return undefined;
  const lengths = entries.flatMap((entry) => entry.maxContextTokens ?? []);
  return {
    models: entries.filter((entry) => entry.parent === undefined).map((entry) => entry.id),
    adapters: entries.filter((entry) => entry.parent !== undefined).map((entry) => entry.id),
    ...(lengths.length > 0 && { maxContextTokens: Math.max(...lengths) }),
  };
}
