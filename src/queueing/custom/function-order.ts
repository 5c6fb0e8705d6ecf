/** The order of one lane by a policy that is a function: it is asked, and what it answers is checked. */

import type { RequestMetadata } from '../../domain/index.ts';
import type { NextRequest, OrderContext, OrderedRequest, RequestOrder } from '../order.ts';
import type { CustomPolicy, PolicyContext, PolicyForm } from './custom-policy.ts';
import type { PolicyGuard } from './guard.ts';
import type { PolicyInstance } from './policy-instance.ts';

export interface FunctionOrderParts {
  readonly policy: CustomPolicy;
  readonly form: Exclude<PolicyForm, 'orderKey'>;
  readonly guard: PolicyGuard;
  snapshots(context: OrderContext): readonly PolicyInstance[];
  context(nowMs: number): PolicyContext;
}

type Answers = readonly unknown[];

export class FunctionOrder implements RequestOrder {
  readonly #parts: FunctionOrderParts;
  readonly #byId = new Map<string, OrderedRequest>();
  /** In the order of joining. */
  readonly #waiting: OrderedRequest[] = [];
  #pending: readonly RequestMetadata[] | undefined;
  /** What the last call decided and has not been taken yet; good until somebody joins or time passes. */
  #plan: { readonly steps: readonly NextRequest[]; at: number; readonly nowMs: number } | undefined;

  constructor(parts: FunctionOrderParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#waiting.length;
  }

  add(waiting: OrderedRequest): void {
    this.#byId.set(waiting.request.id, waiting);
    this.#waiting.splice(this.#placeOf(waiting), 0, waiting);
    this.#pending = undefined;
    this.#plan = undefined;
  }

  remove(waiting: OrderedRequest): void {
    if (this.#byId.get(waiting.request.id) !== waiting) return;
    this.#byId.delete(waiting.request.id);
    this.#waiting.splice(this.#placeOf(waiting), 1);
    this.#pending = undefined;
  }

  next(context: OrderContext): NextRequest | undefined {
    if (this.#waiting.length === 0) return undefined;
    return this.#nextOfPlan(context.nowMs) ?? this.#ask(context);
  }

  headKey(): number {
    return this.#waiting[0]?.request.arrivalMs ?? Number.POSITIVE_INFINITY;
  }

  /** As if it went by arrival: what a function will say is not known before it is asked. */
  ahead(waiting: OrderedRequest): number {
    return this.#byId.get(waiting.request.id) === waiting ? this.#placeOf(waiting) : 0;
  }

  #nextOfPlan(nowMs: number): NextRequest | undefined {
    const plan = this.#plan;
    if (plan === undefined || plan.nowMs !== nowMs) return undefined;
    for (; plan.at < plan.steps.length; plan.at++) {
      const step = plan.steps[plan.at]!;
      if (this.#byId.get(step.waiting.request.id) === step.waiting) return step;
    }
    return undefined;
  }

  #ask(context: OrderContext): NextRequest | undefined {
    const { guard } = this.#parts;
    const answers = guard.ask(() => this.#call(context));
    const steps = answers === undefined ? [] : this.#check(answers, context);
    // It threw, or all that it said was wrong: the request that came first goes, so that nobody waits for a policy's mistake.
    if (steps.length === 0 && answers?.length !== 0) return { waiting: this.#waiting[0]! };
    this.#plan = { steps, at: 0, nowMs: context.nowMs };
    return steps[0];
  }

  #call(context: OrderContext): Answers {
    const { policy, form, snapshots, guard, context: contextOf } = this.#parts;
    const pending = this.#requests();
    const told = contextOf(context.nowMs);
    switch (form) {
      case 'nextRequest': {
        const available = snapshots(context).filter(({ canAcceptRequest }) => canAcceptRequest);
        const next = settled(policy.nextRequest!(pending, Object.freeze(available), told), form, guard);
        return next === undefined || next === null ? [] : [asObject(next, form)];
      }
      case 'schedule':
        return asList(settled(policy.schedule!(pending, snapshots(context), told), form, guard), form);
      case 'prioritize':
        return asList(settled(policy.prioritize!(pending, told), form, guard), form);
      default:
        return form satisfies never;
    }
  }

  /** Requests, or decisions about them; what names somebody who is not there, or the same request twice, is passed over. */
  #check(answers: Answers, { instances }: OrderContext): NextRequest[] {
    const { guard } = this.#parts;
    const steps: NextRequest[] = [];
    const named = new Set<string>();
    let known: ReadonlySet<string> | undefined;
    for (const answer of answers) {
      const { requestId, instanceId, reason } = readAnswer(answer);
      const waiting = requestId === undefined ? undefined : this.#byId.get(requestId);
      if (waiting === undefined) {
        guard.invalid(`it named the request ${JSON.stringify(requestId)}, which does not wait`);
        continue;
      }
      if (named.has(requestId!)) {
        guard.invalid(`it named the request "${requestId}" twice`);
        continue;
      }
      if (instanceId !== undefined) {
        known ??= new Set(instances.map(({ instance }) => instance.id));
        if (!known.has(instanceId)) {
          guard.invalid(`it named the instance "${instanceId}", which does not serve "${requestId}"`);
          continue;
        }
      }
      named.add(requestId!);
      steps.push(stepOf(waiting, instanceId, reason));
    }
    return steps;
  }

  #requests(): readonly RequestMetadata[] {
    this.#pending ??= Object.freeze(this.#waiting.map(({ request }) => request));
    return this.#pending;
  }

  /** Where a request is, or belongs, in the order of joining. */
  #placeOf({ joinOrder }: OrderedRequest): number {
    let low = 0;
    let high = this.#waiting.length;
    if (high > 0 && this.#waiting[high - 1]!.joinOrder < joinOrder) return high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#waiting[middle]!.joinOrder < joinOrder) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** @throws TypeError for a promise: a decision is due now, and whoever waits for it would wait for ever */
function settled(answer: unknown, form: PolicyForm, guard: PolicyGuard): unknown {
  if (!(answer instanceof Promise)) return answer;
  guard.whenRejected(answer);
  throw new TypeError(`${form} must answer at once, found a promise`);
}

function asObject(answer: unknown, form: PolicyForm): unknown {
  if (typeof answer === 'object') return answer;
  throw new TypeError(`${form} must return a request, a decision or nothing, found ${typeof answer}`);
}

function asList(answer: unknown, form: PolicyForm): Answers {
  if (Array.isArray(answer)) return answer;
  throw new TypeError(`${form} must return a list, found ${answer === null ? 'null' : typeof answer}`);
}

interface Answer {
  readonly requestId: string | undefined;
  readonly instanceId: string | undefined;
  readonly reason: string | undefined;
}

/** A decision, or a request itself. */
function readAnswer(answer: unknown): Answer {
  const { requestId, id, instanceId, reason } = (answer ?? {}) as Record<string, unknown>;
  return {
    requestId: textIn(requestId ?? id),
    instanceId: textIn(instanceId),
    reason: textIn(reason),
  };
}

const textIn = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Written out, since spreading a thousand of them takes longer than all the rest. */
function stepOf(waiting: OrderedRequest, instanceId = '', reason = ''): NextRequest {
  if (instanceId === '') return reason === '' ? { waiting } : { waiting, reason };
  return reason === '' ? { waiting, instanceId } : { waiting, instanceId, reason };
}
