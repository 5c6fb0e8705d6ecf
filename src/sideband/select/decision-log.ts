/** The last choices, each with what it rested on, for whoever asks why. */

import { chancesOf } from '../../routing/index.ts';
import { type CandidateOutcome, DROP_REASONS, type Selection, type SelectRequest } from './select.ts';

/** One candidate as it is shown. */
export interface ExplainedCandidate {
  readonly member: string;
  readonly score: number;
  /** Its chance to be chosen; 0 for one that was left out. */
  readonly chance: number;
  /** Why it was left out, in words. */
  readonly dropped?: string;
}

export interface SelectDecision {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly atMs: number;
  readonly pool: string;
  readonly partition: string;
  readonly model?: string;
  readonly answer: string;
  readonly reason: string;
  /** How many were looked at. */
  readonly candidateCount: number;
  /** The chosen one first, then by score; at most `MAX_CANDIDATES`. */
  readonly candidates: readonly ExplainedCandidate[];
}

export const MAX_CANDIDATES = 32;
export const DEFAULT_KEPT = 1_000;

interface Kept {
  readonly number: number;
  readonly atMs: number;
  readonly request: Omit<SelectRequest, 'members'>;
  readonly selection: Selection;
}

export class SelectDecisionLog {
  readonly #kept: Kept[] = [];
  readonly #capacity: number;
  #count = 0;

  constructor(capacity = DEFAULT_KEPT) {
    this.#capacity = capacity;
  }

  /** Remembers a choice and returns its id; the oldest one is forgotten when there are too many. */
  add({ poolName, partition, model }: SelectRequest, selection: Selection, atMs: number): string {
    const number = this.#count++;
    const request = { poolName, partition, model };
    this.#kept[number % this.#capacity] = { number, atMs, request, selection };
    return idOf(number);
  }

  find(id: string): SelectDecision | undefined {
    const number = /^sel-\d{1,15}$/.test(id) ? Number(id.slice(4)) - 1 : -1;
    const kept = this.#kept[number % this.#capacity];
    return kept?.number === number ? toDecision(kept) : undefined;
  }

  /** The newest first. */
  latest(limit: number): readonly SelectDecision[] {
    const decisions: SelectDecision[] = [];
    for (let number = this.#count - 1; number >= 0 && decisions.length < limit; number--) {
      const kept = this.#kept[number % this.#capacity];
      if (kept?.number !== number) break;
      decisions.push(toDecision(kept));
    }
    return decisions;
  }
}

const idOf = (number: number): string => `sel-${number + 1}`;

function toDecision({ number, atMs, request, selection }: Kept): SelectDecision {
  return {
    id: idOf(number),
    atMs,
    pool: request.poolName,
    partition: request.partition,
    ...(request.model && { model: request.model }),
    answer: selection.answer,
    reason: selection.reason,
    candidateCount: selection.candidates.length,
    candidates: explain(selection),
  };
}

function explain({ candidates, member }: Selection): readonly ExplainedCandidate[] {
  const chances = chancesOf(candidates.map(({ score, dropped }) => (dropped === undefined ? score : 0)));
  const rank = (outcome: CandidateOutcome) =>
    outcome.member === member ? Number.POSITIVE_INFINITY : outcome.score;
  return candidates
    .map((outcome, i) => ({ outcome, chance: chances[i]! }))
    .sort((a, b) => rank(b.outcome) - rank(a.outcome))
    .slice(0, MAX_CANDIDATES)
    .map(
      ({
        outcome: {
          member: { name },
          score,
          dropped,
        },
        chance,
      }) => ({
        member: name,
        score,
        chance,
        ...(dropped !== undefined && { dropped: DROP_REASONS[dropped] }),
      }),
    );
}
