/**
 * The default policy: classes with a guaranteed share each; inside a class tenants by tokens consumed (virtual token counter,
 * OSDI'24); inside a tenant least slack first, with those that are late aside.
 */

import {
  type CompletionFacts,
  type ExecutionInstance,
  type FailureKind,
  type GivenParameters,
  priorityRank,
  REQUEST_PRIORITIES,
  type RequestMetadata,
  readParameters,
} from '../../domain/index.ts';
import { inTurn } from '../guide/in-turn.ts';
import { IdlePrefill } from '../idle-prefill.ts';
import type { PolicyInputs } from '../inputs.ts';
import type { OrderedRequest } from '../order.ts';
import type { BuiltInPolicy, GuideFunctions } from '../policy.ts';
import { classDueMs, sloDueMs } from '../slack.ts';
import { slackEntry } from '../slack-queue.ts';
import { Accounts } from './account.ts';
import type { BandEntry } from './band.ts';
import { CachedShares } from './cached-share.ts';
import { LaneOrder, type LaneOrderParts } from './lane-order.ts';
import { SIGNALBOX_PARAMETERS, type SignalboxParameters } from './parameters.ts';

/** Callers without a tenant share one. */
const NOBODY = '';
/** Between lanes, a token got too much costs this long, up to one class. */
const HANDICAP_MS_PER_TOKEN = 1;
const MAX_HANDICAP_MS = 30_000;

/** What was put on a tenant's counter for a request that runs. */
interface Charge {
  readonly entry: BandEntry;
  readonly uncachedTokens: number;
  readonly cost: number;
  hasAnswered: boolean;
}

export function signalboxPolicy(given: GivenParameters = {}, inputs: PolicyInputs = {}): BuiltInPolicy {
  return new SignalboxPolicy(readParameters('policy "signalbox"', SIGNALBOX_PARAMETERS, given), inputs);
}

class SignalboxPolicy implements BuiltInPolicy {
  readonly name = 'signalbox';
  readonly prioritize: GuideFunctions['prioritize'];
  readonly schedule: GuideFunctions['schedule'];
  readonly #parameters: SignalboxParameters;
  readonly #inputs: PolicyInputs;
  readonly #accounts: readonly Accounts[];
  readonly #charges = new Map<string, Charge>();
  readonly #orderParts: LaneOrderParts;
  readonly #shares: CachedShares | undefined;
  readonly #idlePrefill: IdlePrefill | undefined;
  /** Who left a lane last: the scheduler takes a request off its lane and then tells of the dispatch. */
  #leaving: { readonly entry: BandEntry; readonly order: LaneOrder } | undefined;
  #dispatched = REQUEST_PRIORITIES.map(() => 0);
  #lateDispatched = 0;

  constructor(parameters: SignalboxParameters, inputs: PolicyInputs) {
    const guide = inTurn(() => new SignalboxPolicy(parameters, inputs));
    this.prioritize = guide.prioritize;
    this.schedule = guide.schedule;
    this.#parameters = parameters;
    this.#inputs = inputs;
    const weights = readWeights(parameters.tenantWeights);
    this.#accounts = REQUEST_PRIORITIES.map(() => new Accounts((tenant) => weights.get(tenant) ?? 1));
    this.#idlePrefill = inputs.predictor && new IdlePrefill(inputs.predictor);
    const { bandShare, ceilingSlope, lateShare, foreignTokens, quantumTokens } = parameters;
    const locality = sharesOf(inputs, parameters.localitySlackMs);
    this.#shares = locality;
    this.#orderParts = {
      bandShare,
      ceilingSlope,
      band: { lateShare, foreignTokens, quantumTokens, ...(locality !== undefined && { locality }) },
      enter: (waiting, order) => this.#enter(waiting, order),
      left: (entry, order) => this.#left(entry, order),
      handicapMs: ({ flow, band }) => this.#handicapMs(this.#accounts[band.rank]!.excess(flow.account)),
    };
  }

  createOrder(): LaneOrder {
    return new LaneOrder(this.#orderParts);
  }

  onRequestDispatched(request: RequestMetadata, instance: ExecutionInstance): void {
    const leaving = this.#leaving;
    this.#leaving = undefined;
    if (leaving?.entry.waiting.request !== request) return;
    const { entry, order } = leaving;
    const cachedTokens = this.#inputs.prefixes?.cachedTokens(request, instance.id) ?? 0;
    const uncachedTokens = Math.max(0, request.promptTokens - cachedTokens);
    const cost = this.#cost(uncachedTokens, this.#expectedOutput(request));
    this.#accounts[entry.band.rank]!.charge(entry.flow.account, cost);
    order.charge(entry, cost);
    this.#charges.set(request.id, { entry, uncachedTokens, cost, hasAnswered: false });
    this.#dispatched[entry.band.rank]!++;
    if (entry.isLate) this.#lateDispatched++;
  }

  onFirstToken({ id }: RequestMetadata): void {
    const charge = this.#charges.get(id);
    if (charge !== undefined) charge.hasAnswered = true;
  }

  onRequestCompleted({ id }: RequestMetadata, facts: CompletionFacts): void {
    const charge = this.#charges.get(id);
    if (charge === undefined || facts.outputTokens === undefined) {
      this.#charges.delete(id);
      return;
    }
    const { promptTokens, cachedTokens = 0, outputTokens } = facts;
    const uncached = promptTokens === undefined ? charge.uncachedTokens : promptTokens - cachedTokens;
    this.#correct(id, this.#cost(Math.max(0, uncached), outputTokens));
  }

  /** Who got nothing pays nothing; who had begun to get an answer pays for all of it, or leaving early would be free. */
  onRequestFailed(
    { id }: RequestMetadata,
    instance: ExecutionInstance | undefined,
    _nowMs: number,
    kind: FailureKind,
  ): void {
    const charge = this.#charges.get(id);
    if (charge === undefined || instance === undefined) return;
    this.#correct(id, charge.hasAnswered && kind === 'cancelled' ? charge.cost : 0);
  }

  onInstanceRegistered(instance: ExecutionInstance): void {
    this.#idlePrefill?.onInstanceRegistered(instance);
  }

  onInstanceRemoved(instanceId: string): void {
    this.#idlePrefill?.onInstanceRemoved(instanceId);
  }

  onSettled(): void {
    this.#shares?.refresh();
  }

  getStats(): Readonly<Record<string, unknown>> {
    const byClass = <Value>(value: (rank: number) => Value): Record<string, Value> =>
      Object.fromEntries(REQUEST_PRIORITIES.map((priority, rank) => [priority, value(rank)]));
    return {
      dispatchedByClass: byClass((rank) => this.#dispatched[rank]!),
      dispatchedLate: this.#lateDispatched,
      consumedOfWaitingTenants: byClass((rank) => this.#accounts[rank]!.virtualOfWaiting()),
    };
  }

  #enter(waiting: OrderedRequest, order: LaneOrder): BandEntry {
    const { request } = waiting;
    const rank = priorityRank(request.priority);
    const account = this.#accounts[rank]!.of(request.tenant ?? NOBODY);
    this.#accounts[rank]!.joined(account);
    const band = order.bands[rank]!;
    const heldShare = this.#shares?.of(waiting) ?? 0;
    // What it takes itself even if it went now, at the best place there is; only what is left of its time is slack.
    const ownMs = this.#idlePrefill?.leastMs(request, heldShare * request.promptTokens) ?? 0;
    const dueMs = sloDueMs(request);
    return slackEntry({
      waiting,
      key: (dueMs ?? classDueMs(request)) - ownMs,
      // Only who was promised a moment can miss it; the others just become ever more urgent.
      lateAfterMs: dueMs === undefined ? Number.POSITIVE_INFINITY : dueMs - ownMs,
      heldShare,
      heldShareMs: waiting.enqueuedMs,
      band,
      flow: band.flowOf(account),
      cost: this.#cost(request.promptTokens, this.#expectedOutput(request)),
    });
  }

  #left(entry: BandEntry, order: LaneOrder): void {
    this.#accounts[entry.band.rank]!.left(entry.flow.account);
    this.#leaving = { entry, order };
  }

  #correct(id: string, actualCost: number): void {
    const { entry, cost } = this.#charges.get(id)!;
    this.#charges.delete(id);
    const difference = actualCost - cost;
    this.#accounts[entry.band.rank]!.charge(entry.flow.account, difference);
    entry.band.correct(entry.flow, difference);
  }

  #expectedOutput(request: RequestMetadata): number {
    if (request.kind === 'embedding') return 0;
    const expected =
      this.#inputs.predictor?.expectedOutputTokens(request) ?? this.#parameters.expectedOutputTokens;
    return Math.min(expected, request.maxTokens ?? Number.POSITIVE_INFINITY);
  }

  #cost(uncachedTokens: number, outputTokens: number): number {
    // At least 1, so that whoever is served moves back.
    return Math.max(1, uncachedTokens + this.#parameters.outputWeight * outputTokens);
  }

  #handicapMs(excessTokens: number): number {
    return Math.min(MAX_HANDICAP_MS, excessTokens * HANDICAP_MS_PER_TOKEN);
  }
}

function sharesOf({ prefixes }: PolicyInputs, withinMs: number): CachedShares | undefined {
  const mostCachedTokens = prefixes?.mostCachedTokens?.bind(prefixes);
  return mostCachedTokens && new CachedShares(mostCachedTokens, withinMs);
}

function readWeights(weights: Readonly<Record<string, string>>): ReadonlyMap<string, number> {
  const entries = Object.entries(weights).map(([tenant, text]) => {
    const weight = Number(text);
    if (Number.isFinite(weight) && weight > 0) return [tenant, weight] as const;
    throw new RangeError(
      `policy "signalbox": tenantWeights.${tenant} must be a number above 0, found "${text}"`,
    );
  });
  return new Map(entries);
}
