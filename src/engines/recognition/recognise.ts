/** Finds out which engine is behind an address and what it serves. */

import type { EngineKind } from '../../domain/index.ts';
import { CERTAINTIES, type EngineAdapter, type EngineListing } from '../adapter.ts';
import { ENGINE_ADAPTERS } from '../adapters/index.ts';
import type { Answers } from './answers.ts';
import { type AskOptions, askPages } from './ask.ts';

/** What was found behind an address. */
export interface RecognisedEngine extends EngineListing {
  readonly ok: true;
  readonly kind: EngineKind;
  readonly version?: string;
  /** The signs it was recognised by, in words. */
  readonly evidence: readonly string[];
}

export interface UnrecognisedEngine {
  readonly ok: false;
  /** The engine, when it was recognised and only does not list its models. */
  readonly kind?: EngineKind;
  /** Something answers there, so the address is right and the engine wrong, locked or not ready. */
  readonly isReachable: boolean;
  /** It said that it is still loading its model. */
  readonly isLoading: boolean;
  /** What was found and what to do about it, in one sentence. */
  readonly message: string;
  /** Each page asked for, and what came of it. */
  readonly tried: readonly string[];
}

export type Recognition = RecognisedEngine | UnrecognisedEngine;

export interface RecogniseOptions extends AskOptions {
  /** The engine when it is known: then only its listing is asked for. */
  readonly kind?: EngineKind;
}

export async function recogniseEngine(baseUrl: string, options: RecogniseOptions): Promise<Recognition> {
  const known = options.kind && ENGINE_ADAPTERS[options.kind];
  const adapters = known ? [known] : Object.values(ENGINE_ADAPTERS);
  const paths = adapters.flatMap((adapter) => [
    ...adapter.listingPaths,
    ...(known ? [] : adapter.signs.map((sign) => sign.path)),
  ]);
  const answers = await askPages(baseUrl, paths, options);
  const found = known
    ? { adapter: known, evidence: [`configured as ${known.title}`] }
    : mostCertain(adapters, answers);
  if (!found) return failure(answers, `no engine that Signalbox knows was found at ${baseUrl}`);
  const listing = found.adapter.list(answers);
  if (!listing) {
    const finding = `${found.adapter.title} at ${baseUrl} does not tell which models it serves`;
    return { ...failure(answers, finding), kind: found.adapter.kind };
  }
  const version = found.adapter.version(answers);
  return {
    ok: true,
    kind: found.adapter.kind,
    ...(version !== undefined && { version }),
    ...listing,
    evidence: found.evidence,
  };
}

interface Candidate {
  readonly adapter: EngineAdapter;
  readonly evidence: readonly string[];
  readonly certainty: number;
}

/** The engine with the most certain sign; among equals the one with the most signs, then the first of the table. */
function mostCertain(adapters: readonly EngineAdapter[], answers: Answers): Candidate | undefined {
  const candidates = adapters.flatMap((adapter): Candidate[] => {
    const seen = adapter.signs.flatMap((sign) => {
      const words = sign.see(answers);
      return words === undefined ? [] : [{ words, certainty: CERTAINTIES.indexOf(sign.certainty) }];
    });
    if (seen.length === 0) return [];
    const certainty = Math.max(...seen.map((sign) => sign.certainty));
    return [{ adapter, certainty, evidence: seen.map((sign) => sign.words) }];
  });
  return candidates.sort((a, b) => b.certainty - a.certainty || b.evidence.length - a.evidence.length)[0];
}

function failure(answers: Answers, finding: string): UnrecognisedEngine {
  const outcomes = [...answers.outcomes];
  const isReachable = outcomes.some(([, outcome]) => outcome.ok || outcome.status !== undefined);
  const statuses = outcomes.map(([, outcome]) => outcome.status);
  const isLoading = statuses.includes(503);
  const isLocked = statuses.some((status) => status === 401 || status === 403);
  return {
    ok: false,
    isReachable,
    isLoading,
    message: `${finding}${hint(answers, { isReachable, isLoading, isLocked })}`,
    tried: outcomes.map(
      ([path, outcome]) => `${path}: ${outcome.ok ? `answered ${outcome.status}` : outcome.message}`,
    ),
  };
}

function hint(
  answers: Answers,
  is: { readonly isReachable: boolean; readonly isLoading: boolean; readonly isLocked: boolean },
): string {
  if (!is.isReachable) {
    const [first] = answers.outcomes.values();
    return `: ${first && !first.ok ? first.message : 'nothing answered'}`;
  }
  if (is.isLocked) return ': it wants a key (give the instance its apiKey)';
  if (is.isLoading) return ': it says that it is not ready yet (503)';
  return ': something answers there, but none of the known pages (name the engine and its models in the configuration)';
}
