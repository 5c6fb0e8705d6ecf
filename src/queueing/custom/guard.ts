/** Watches a custom policy at work: what it throws, what it returns that makes no sense, and how long it takes. */

import { thrownMessage } from '../thrown-message.ts';

export type PolicyProblemKind = 'threw' | 'invalid' | 'slow';

export interface PolicyProblem {
  readonly policy: string;
  readonly kind: PolicyProblemKind;
  /** In words. */
  readonly message: string;
  readonly cause?: unknown;
  /** Whether the policy is not asked again from now on. */
  readonly isRetired: boolean;
}

export interface GuardOptions {
  /** Milliseconds of any origin; without it the policy's time is not measured. */
  readonly stopwatch?: () => number;
  /** Milliseconds of work of this thread: where it is given, a decision's time is not that of whatever else the machine does. */
  readonly workwatch?: () => number;
  /** What one decision may take, milliseconds: 19 of 20 must stay within it. */
  readonly budgetMs?: number;
  readonly onProblem?: (problem: PolicyProblem) => void;
}

export const DEFAULT_BUDGET_MS = 1;
/** Throwing so often in a row retires a policy. */
const MAX_THROWN = 3;
/** The last so many decisions are judged for their time, and so many of them may be over the budget. */
const TIMED = 100;
const MAX_SLOW = 5;
/** Taking so many times the budget so often in a row retires a policy at once: a hundred such decisions would be felt by all. */
const STALL_FACTOR = 20;
const MAX_STALLED = 3;
/** The first decisions of any policy are slow: its code is cold. They count, and nothing is said of them. */
const COLD = 10;

export class PolicyGuard {
  readonly #policy: string;
  readonly #options: GuardOptions;
  readonly #budgetMs: number;
  /** 1 for each of the last decisions that was over the budget. */
  readonly #slow = new Uint8Array(TIMED);
  #at = 0;
  #slowCount = 0;
  #thrownInARow = 0;
  #stalledInARow = 0;
  #isRetired = false;
  readonly #counts: Record<PolicyProblemKind, number> = { threw: 0, invalid: 0, slow: 0 };
  readonly #said = new Set<PolicyProblemKind>();
  #decisions = 0;

  constructor(policy: string, options: GuardOptions) {
    this.#policy = policy;
    this.#options = options;
    this.#budgetMs = options.budgetMs ?? DEFAULT_BUDGET_MS;
  }

  /** Whether the policy is not to be asked any more. */
  get isRetired(): boolean {
    return this.#isRetired;
  }

  stats(): Readonly<Record<string, unknown>> {
    const { threw, invalid, slow } = this.#counts;
    return { decisions: this.#decisions, threw, invalid, overBudget: slow, isRetired: this.#isRetired };
  }

  /** What `decide` returns, or `undefined` where it throws. */
  ask<Answer>(decide: () => Answer): Answer | undefined {
    this.#decisions++;
    const { stopwatch, workwatch } = this.#options;
    const startMs = stopwatch?.() ?? 0;
    const workStartMs = workwatch?.() ?? 0;
    try {
      const answer = decide();
      this.#thrownInARow = 0;
      return answer;
    } catch (cause) {
      this.#thrownInARow++;
      this.#threw(cause, this.#thrownInARow >= MAX_THROWN);
      return undefined;
    } finally {
      if (stopwatch !== undefined) {
        const tookMs = stopwatch() - startMs;
        const isLong = tookMs > this.#budgetMs;
        this.#took(tookMs, isLong && workwatch !== undefined ? workwatch() - workStartMs : tookMs);
      }
    }
  }

  /** For what decides nothing, hooks and figures: what they throw, at once or in a promise, is counted and retires nobody. */
  tell<Answer>(hook: () => Answer): Answer | undefined {
    try {
      const answer = hook();
      if (answer instanceof Promise) this.whenRejected(answer);
      return answer;
    } catch (cause) {
      this.#threw(cause, false);
      return undefined;
    }
  }

  /** A rejection that nobody takes in would end the process. */
  whenRejected(promise: Promise<unknown>): void {
    promise.catch((cause: unknown) => this.#threw(cause, false));
  }

  /** Counts a piece of an answer that is passed over. */
  invalid(message: string): void {
    this.#report('invalid', message, false);
  }

  #threw(cause: unknown, retires: boolean): void {
    this.#report('threw', `it threw: ${thrownMessage(cause)}`, retires, cause);
  }

  #took(ms: number, workMs: number): void {
    const isSlow = workMs > this.#budgetMs;
    this.#stalledInARow = ms > this.#budgetMs * STALL_FACTOR ? this.#stalledInARow + 1 : 0;
    this.#slowCount += (isSlow ? 1 : 0) - this.#slow[this.#at]!;
    this.#slow[this.#at] = isSlow ? 1 : 0;
    this.#at = (this.#at + 1) % TIMED;
    if (this.#stalledInARow >= MAX_STALLED) {
      const stalled = `its last ${MAX_STALLED} decisions took longer than ${this.#budgetMs * STALL_FACTOR} ms each`;
      this.#report('slow', stalled, true);
      return;
    }
    if (!isSlow) return;
    if (this.#decisions <= COLD) {
      this.#counts.slow++;
      return;
    }
    const message = `${this.#slowCount} of its last ${Math.min(TIMED, this.#decisions)} decisions took longer than ${this.#budgetMs} ms`;
    // Before so many have been made, a slow start is not told from a slow policy.
    this.#report('slow', message, this.#decisions >= TIMED && this.#slowCount > MAX_SLOW);
  }

  /** Says it the first time of each kind, and when it retires the policy; the rest is counted. */
  #report(kind: PolicyProblemKind, message: string, retires: boolean, cause?: unknown): void {
    this.#counts[kind]++;
    const isFirst = !this.#said.has(kind);
    this.#said.add(kind);
    const isRetiredNow = retires && !this.#isRetired;
    this.#isRetired ||= retires;
    if (!isFirst && !isRetiredNow) return;
    this.#options.onProblem?.({ policy: this.#policy, kind, message, cause, isRetired: isRetiredNow });
  }
}
