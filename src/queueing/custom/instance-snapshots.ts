/** Instances for policies that are functions, made anew only where something changed. */

import type { InstanceView } from '../../domain/index.ts';
import type { InstanceFigures } from './instance-figures.ts';
import { canAccept, type PolicyInstance, policyInstance } from './policy-instance.ts';

/** A snapshot with what it was made of. */
interface Snapshot extends Pick<InstanceView, 'instance' | 'state' | 'inFlightRequests' | 'windowRequests'> {
  readonly snapshot: PolicyInstance;
  readonly pendingPrefillTokens: number;
  readonly report: InstanceView['report'];
  readonly canAcceptRequest: boolean;
  readonly figuresVersion: number;
}

export class InstanceSnapshots {
  readonly #figures: InstanceFigures;
  readonly #known = new WeakMap<InstanceView, Snapshot>();
  readonly #lists = new WeakMap<readonly InstanceView[], readonly PolicyInstance[]>();

  constructor(figures: InstanceFigures) {
    this.#figures = figures;
  }

  /** Frozen; the same list again while nothing in it has changed. */
  of(views: readonly InstanceView[], nowMs: number): readonly PolicyInstance[] {
    const before = this.#lists.get(views);
    let isSame = before !== undefined;
    const list = new Array<PolicyInstance>(views.length);
    for (let i = 0; i < views.length; i++) {
      list[i] = this.#snapshot(views[i]!, nowMs);
      isSame &&= list[i] === before![i];
    }
    if (isSame) return before!;
    this.#lists.set(views, Object.freeze(list));
    return list;
  }

  #snapshot(view: InstanceView, nowMs: number): PolicyInstance {
    const known = this.#known.get(view);
    const canAcceptRequest = canAccept(view, nowMs);
    const figuresVersion = this.#figures.versionOf(view.instance.id);
    if (
      known !== undefined &&
      known.inFlightRequests === view.inFlightRequests &&
      known.canAcceptRequest === canAcceptRequest &&
      known.figuresVersion === figuresVersion &&
      known.report === view.report &&
      known.state === view.state &&
      known.windowRequests === view.windowRequests &&
      known.pendingPrefillTokens === view.pendingPrefillTokens &&
      known.instance === view.instance
    ) {
      return known.snapshot;
    }
    const { instance, state, inFlightRequests, windowRequests, pendingPrefillTokens, report } = view;
    const snapshot = policyInstance(view, this.#figures.of(instance.id), nowMs);
    const madeOf = { instance, state, inFlightRequests, windowRequests, pendingPrefillTokens, report };
    this.#known.set(view, { ...madeOf, canAcceptRequest, figuresVersion, snapshot });
    return snapshot;
  }
}
