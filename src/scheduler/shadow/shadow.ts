/** A second profile or policy that decides beside the real ones, on the same requests, views and inputs, without effect. */

import type { LifecycleListener, Random, SchedulingDecision } from '../../domain/index.ts';
import type { OrderedRequest, SchedulingPolicy } from '../../queueing/index.ts';
import {
  estimatedRequests,
  type InstanceView,
  type RoutingChoice,
  type RoutingProfile,
} from '../../routing/index.ts';
import { combineListeners } from '../listeners.ts';
import { heldTokens, predictTtft } from '../predict-ttft.ts';
import type { ChoiceMoment, DispatchObserver } from './observer.ts';
import type { ShadowDisagreement, ShadowReport, WaitingFacts } from './report.ts';
import { ShadowLines } from './shadow-lines.ts';
import { WhenTally, WhereTally } from './tally.ts';

export interface ShadowParts {
  /** Made for the shadow alone: its parts may keep state. At least one of the two is given. */
  readonly profile?: RoutingProfile;
  readonly policy?: SchedulingPolicy;
  /** Of its own, or the real decisions would no longer be what they are without a shadow. */
  readonly random: Random;
}

/** How many disagreements are kept; each takes a few KB at most. */
export const KEPT_DISAGREEMENTS = 100;

type WithoutDecision<Each> = Each extends ShadowDisagreement ? Omit<Each, 'decision'> : never;
/** A disagreement until our decision is recorded. */
type Finding = WithoutDecision<ShadowDisagreement>;

interface Tallies {
  readonly where: WhereTally;
  readonly when: WhenTally;
}

const noTallies = (): Tallies => ({ where: new WhereTally(), when: new WhenTally() });

export class Shadow implements DispatchObserver {
  readonly #profile: RoutingProfile | undefined;
  readonly #policy: SchedulingPolicy | undefined;
  readonly #random: Random;
  readonly #lines: ShadowLines | undefined;
  #total = noTallies();
  readonly #byModel = new Map<string, Tallies>();
  /** A ring. */
  readonly #kept: ShadowDisagreement[] = [];
  #keptTotal = 0;
  #findings: Finding[] = [];
  #against: { readonly profile: string; readonly policy: string } | undefined;
  #sinceMs: number;
  #failure: string | undefined;
  /** To be told what the real policy is told: the shadow's policy learns from what really happens. */
  readonly listener: LifecycleListener;

  constructor({ profile, policy, random }: ShadowParts, sinceMs: number) {
    if (profile === undefined && policy === undefined) {
      throw new RangeError('shadow: a profile, a policy or both are needed, found none');
    }
    this.#profile = profile;
    this.#policy = policy;
    this.#random = random;
    this.#lines = policy === undefined ? undefined : new ShadowLines(policy);
    this.#sinceMs = sinceMs;
    this.listener = policy === undefined ? {} : this.#safeListener(policy);
  }

  onJoined(waiting: OrderedRequest): void {
    this.#safely(() => this.#lines?.add(waiting));
  }

  onLeft(waiting: OrderedRequest): void {
    this.#safely(() => this.#lines?.remove(waiting));
  }

  onChoice(moment: ChoiceMoment): void {
    this.#findings = [];
    this.#compareWith(moment);
    const profile = this.#profile;
    const lines = this.#lines;
    this.#safely(() => {
      if (profile !== undefined) this.#compareWhere(moment, profile);
      if (lines !== undefined) this.#compareWhen(moment, lines);
    });
  }

  onDecision(decision: SchedulingDecision): void {
    for (const finding of this.#findings) {
      this.#kept[this.#keptTotal++ % KEPT_DISAGREEMENTS] = { ...finding, decision };
    }
    this.#findings = [];
  }

  report(): ShadowReport {
    const comparison = ({ where, when }: Tallies) => ({
      ...(this.#profile !== undefined && { where: where.counts() }),
      ...(this.#policy !== undefined && { when: when.counts() }),
    });
    return {
      ...(this.#profile !== undefined && { profile: this.#profile.name }),
      ...(this.#policy !== undefined && { policy: this.#policy.name }),
      ...(this.#against !== undefined && { against: this.#against }),
      sinceMs: this.#sinceMs,
      ...(this.#failure !== undefined && { failure: this.#failure }),
      ...comparison(this.#total),
      models: Array.from(this.#byModel, ([model, tallies]) => ({ model, ...comparison(tallies) })),
      disagreements: this.#newestFirst(),
    };
  }

  #compareWhere({ waiting, choice, views, inputs, nowMs }: ChoiceMoment, profile: RoutingProfile): void {
    const { request } = waiting;
    const context = { nowMs, random: this.#random, inputs };
    const shadow = profile.route(request, views, context);
    const tallies = this.#talliesOf(request.model);
    for (const { where } of tallies) where.decisions++;
    if (shadow?.instanceId === choice.instanceId) return;
    const viewOf = (id: string) => views.find(({ instance }) => instance.id === id)!;
    const figures = (view: InstanceView) => ({
      load: estimatedRequests(view, nowMs) / view.instance.weight,
      predictedMs: predictTtft(request, view, heldTokens(request, view, inputs), inputs.predictor, nowMs),
    });
    const ours = figures(viewOf(choice.instanceId));
    const theirs = shadow && figures(viewOf(shadow.instanceId));
    const isEqual = shadow !== undefined && ratesEqually(shadow, choice.instanceId);
    for (const { where } of tallies) {
      where.disagreements++;
      if (isEqual) where.equalScores++;
      if (theirs === undefined) where.wouldWait++;
      else where.load.add(theirs.load - ours.load);
      if (theirs?.predictedMs !== undefined && ours.predictedMs !== undefined) {
        where.predictedTtftMs.add(theirs.predictedMs.mean - ours.predictedMs.mean);
      }
    }
    this.#findings.push({
      about: 'where',
      shadow,
      oursLoad: ours.load,
      ...(ours.predictedMs !== undefined && { oursPredictedMs: ours.predictedMs }),
      ...(theirs !== undefined && { shadowLoad: theirs.load }),
      ...(theirs?.predictedMs !== undefined && { shadowPredictedMs: theirs.predictedMs }),
    });
  }

  /** Only the heads of the two orders are compared, so that the cost does not grow with what waits. */
  #compareWhen({ waiting, views, nowMs }: ChoiceMoment, lines: ShadowLines): void {
    const { model } = waiting.request;
    const next = lines.next(model, { nowMs, instances: views });
    const tallies = this.#talliesOf(model);
    for (const { when } of tallies) {
      when.decisions++;
      if (lines.sizeOf(model) > 1) when.withChoice++;
    }
    if (next?.waiting.request.id === waiting.request.id) return;
    const ours = factsOf(waiting, nowMs);
    const shadow = next && factsOf(next.waiting, nowMs);
    for (const { when } of tallies) {
      when.disagreements++;
      if (shadow !== undefined) when.waitedMs.add(shadow.waitedMs - ours.waitedMs);
    }
    this.#findings.push({
      about: 'when',
      ours,
      shadow,
      ...(next?.reason !== undefined && { reason: next.reason }),
    });
  }

  /** Counts begin anew when the real profile or policy is another one. */
  #compareWith({ profile, policy, nowMs }: ChoiceMoment): void {
    const against = this.#against;
    if (against?.profile === profile && against.policy === policy) return;
    this.#against = { profile, policy };
    if (against === undefined) return;
    this.#total = noTallies();
    this.#byModel.clear();
    this.#kept.length = 0;
    this.#keptTotal = 0;
    this.#sinceMs = nowMs;
  }

  /** What fails in the shadow ends the shadow and nothing else. */
  #safely(action: () => void): void {
    if (this.#failure !== undefined) return;
    try {
      action();
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error);
    }
  }

  #safeListener(listener: LifecycleListener): LifecycleListener {
    const hears = Object.entries(combineListeners([listener])) as [string, (...news: unknown[]) => void][];
    return Object.fromEntries(
      hears.map(([name, hear]) => [name, (...news: unknown[]) => this.#safely(() => hear(...news))]),
    );
  }

  /** The fleet's, and the model's. */
  #talliesOf(model: string): readonly [Tallies, Tallies] {
    let ofModel = this.#byModel.get(model);
    if (ofModel === undefined) {
      ofModel = noTallies();
      this.#byModel.set(model, ofModel);
    }
    return [this.#total, ofModel];
  }

  #newestFirst(): readonly ShadowDisagreement[] {
    const count = this.#kept.length;
    return this.#kept.map((_, back) => this.#kept[(this.#keptTotal - 1 - back + count) % count]!);
  }
}

/** Whether the shadow's profile gave `instanceId` what it gave the one it chose. */
function ratesEqually(shadow: RoutingChoice, instanceId: string): boolean {
  const rival = shadow.candidates().find((candidate) => candidate.instanceId === instanceId);
  return rival?.total === shadow.score;
}

function factsOf({ request, tokens, enqueuedMs }: OrderedRequest, nowMs: number): WaitingFacts {
  const { id, priority, tenant, deadlineMs } = request;
  return {
    requestId: id,
    priority,
    waitedMs: nowMs - enqueuedMs,
    tokens,
    ...(tenant !== undefined && { tenant }),
    ...(deadlineMs !== undefined && { deadlineMs }),
  };
}
