/** How long prompts take at each instance: the predictor's coefficients, kept in arrays so that a thousand cost little to ask. */

import type { InstanceView, LatencyPredictor } from '../domain/index.ts';

/** Coefficients move slowly; they are asked for again when they are this old, milliseconds. */
const KEPT_MS = 250;
/** Coefficients that moved by this share and more are asked for of all instances at once. */
const FAR = 0.02;
/** Models whose coefficients are kept; more than a fleet serves. */
const MAX_MODELS = 256;

/** The coefficients of one model, by the slots of the instances. */
interface SlotTable {
  readonly ids: string[];
  readonly untilMs: number[];
  /** The decision in which each was asked for last. */
  readonly askedIn: number[];
  /** Per slot `WIDTH` numbers. */
  figures: Float64Array;
}

const WIDTH = 8;
/** A step that is filled with tokens, without attention: fixed + √(weights² + (perToken · budget)²). */
const FULL = 0;
const FIXED = 1;
const WEIGHTS = 2;
const PER_TOKEN = 3;
const PER_PAIR = 4;
const PER_KV = 5;
const PER_REQUEST = 6;
const BUDGET = 7;

/**
 * The terms of algorithms for one decision, of every view by its place:
 * tok = T_step(budget, kv) / (budget − D), the milliseconds per prompt token while D requests decode there;
 * W = Σ queued (u · tok + perPair · pairs) − progress on the first of them; p = u · tok + perPair · u · (h + u / 2).
 */
export class StepTimes {
  readonly #tables = new Map<string, SlotTable>();
  #table: SlotTable = newTable();
  #decision = 0;

  /** To be called first in each decision. */
  prepare(predictor: LatencyPredictor, model: string, views: readonly InstanceView[], nowMs: number): void {
    this.#table = this.#tableOf(model);
    const { ids, untilMs, askedIn } = this.#table;
    this.#decision++;
    let moves = false;
    for (let i = 0; i < views.length; i++) {
      const { slot, instance } = views[i]!;
      if (ids[slot] === instance.id && untilMs[slot]! > nowMs) continue;
      if (this.#ask(predictor, model, slot, instance.id)) moves = true;
      // Not all at the same moment, or one decision of many would pay for them all.
      untilMs[slot] = nowMs + KEPT_MS * (1 + (slot % 16) / 16);
    }
    if (!moves) return;
    // While much is learnt, what was known a moment ago of one instance cannot be held against what is known now of another.
    for (let i = 0; i < views.length; i++) {
      const { slot, instance } = views[i]!;
      if (askedIn[slot] !== this.#decision) this.#ask(predictor, model, slot, instance.id);
    }
  }

  /** Milliseconds per uncached prompt token, without attention. */
  tokenMs({ slot, work }: InstanceView): number {
    const { figures } = this.#table;
    const at = WIDTH * slot;
    const decodes = work.decodingRequests;
    const stepMs =
      figures[at + FULL]! +
      figures[at + PER_KV]! * work.decodingKvTokens +
      figures[at + PER_REQUEST]! * (decodes + 1);
    return stepMs / Math.max(1, figures[at + BUDGET]! - decodes);
  }

  /** Milliseconds per uncached prompt token where nobody else is: the slope of the linear layers. */
  slopeMs({ slot }: InstanceView): number {
    return this.#table.figures[WIDTH * slot + PER_TOKEN]!;
  }

  /** Milliseconds that the attention of `uncached` tokens takes after `cached` ones. */
  attentionMs({ slot }: InstanceView, uncached: number, cached: number): number {
    return this.#table.figures[WIDTH * slot + PER_PAIR]! * uncached * (cached + uncached / 2);
  }

  /** W: until the prompts that are there already are computed. */
  queuedMs({ slot, work }: InstanceView, tokenMs: number, nowMs: number): number {
    if (work.uncachedTokens === 0) return 0;
    const perPair = this.#table.figures[WIDTH * slot + PER_PAIR]!;
    const allMs = work.uncachedTokens * tokenMs + perPair * work.pairs;
    const headMs = work.headUncachedTokens * tokenMs + perPair * work.headPairs;
    // Rounding may leave a little less than nothing.
    return Math.max(0, allMs - Math.min(Math.max(0, nowMs - work.headSinceMs), headMs));
  }

  /** Milliseconds per output token once the request is one more that decodes there. */
  outputTokenMs({ slot, work }: InstanceView, promptTokens: number): number {
    const { figures } = this.#table;
    const at = WIDTH * slot;
    const decodes = work.decodingRequests + 1;
    return (
      figures[at + FIXED]! +
      Math.hypot(figures[at + WEIGHTS]!, figures[at + PER_TOKEN]! * decodes) +
      figures[at + PER_KV]! * (work.decodingKvTokens + promptTokens) +
      figures[at + PER_REQUEST]! * decodes
    );
  }

  #tableOf(model: string): SlotTable {
    const known = this.#tables.get(model);
    if (known !== undefined) return known;
    if (this.#tables.size >= MAX_MODELS) this.#tables.clear();
    const table = newTable();
    this.#tables.set(model, table);
    return table;
  }

  /** Whether what is known moved far since the last time, or is known for the first time. */
  #ask(predictor: LatencyPredictor, model: string, slot: number, id: string): boolean {
    const table = this.#table;
    while (table.ids.length <= slot) {
      table.ids.push('');
      table.untilMs.push(Number.NEGATIVE_INFINITY);
      table.askedIn.push(0);
    }
    const needed = WIDTH * (slot + 1);
    if (table.figures.length < needed) {
      const longer = new Float64Array(2 * needed);
      longer.set(table.figures);
      table.figures = longer;
    }
    const step = predictor.coefficients(id, model);
    const full = step.fixedMs + Math.hypot(step.weightsMs, step.msPerToken * step.maxBatchedTokens);
    const before = table.ids[slot] === id ? table.figures[WIDTH * slot + FULL]! : 0;
    table.figures.set(
      [
        full,
        step.fixedMs,
        step.weightsMs,
        step.msPerToken,
        step.msPerPair,
        step.msPerKvToken,
        step.msPerRequest,
        step.maxBatchedTokens,
      ],
      WIDTH * slot,
    );
    table.ids[slot] = id;
    table.askedIn[slot] = this.#decision;
    return Math.abs(full - before) > FAR * before;
  }
}

function newTable(): SlotTable {
  return { ids: [], untilMs: [], askedIn: [], figures: new Float64Array(WIDTH * 16) };
}
