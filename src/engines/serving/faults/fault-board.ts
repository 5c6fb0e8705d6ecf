/** The faults that are switched on now, and the dice that say whom they strike. */

import type { Random } from '../../../domain/index.ts';
import { seededRandom } from '../../../domain/index.ts';
import type { FaultTarget } from './catalogue.ts';
import { FAULTS } from './catalogue.ts';
import type { Fault } from './fault.ts';

export interface ActiveFault extends Fault {
  readonly id: number;
  /** Calls that it struck so far. */
  readonly struck: number;
}

export class FaultBoard {
  readonly #random: Random;
  #active: ActiveFault[] = [];
  #nextId = 1;
  #onChange: () => void = () => undefined;

  constructor(faults: readonly Fault[] = [], random: Random = seededRandom(1)) {
    this.#random = random;
    for (const fault of faults) this.add(fault);
  }

  get active(): readonly ActiveFault[] {
    return this.#active;
  }

  /** Product of the `slow` faults' factors: 1 when there is none. */
  get slowdown(): number {
    return this.#active.reduce(
      (product, fault) => (fault.kind === 'slow' ? product * Number(fault.parameters.factor) : product),
      1,
    );
  }

  /** Tells `listener` of every addition and removal. */
  watch(listener: () => void): void {
    this.#onChange = listener;
  }

  add(fault: Fault): ActiveFault {
    const active = { ...fault, id: this.#nextId++, struck: 0 };
    this.#active = [...this.#active, active];
    this.#onChange();
    return active;
  }

  /** Switches off the fault with that id, or all of that kind, or all; returns how many. */
  remove(which?: number | string): number {
    const stays = (fault: ActiveFault) => which !== undefined && fault.id !== which && fault.kind !== which;
    const before = this.#active.length;
    this.#active = this.#active.filter(stays);
    if (this.#active.length < before) this.#onChange();
    return before - this.#active.length;
  }

  /** The fault that strikes this call, if any: the first whose dice say so. */
  draw(target: Exclude<FaultTarget, 'engine'>): ActiveFault | undefined {
    return this.#drawAmong((fault) => FAULTS[fault.kind].target === target);
  }

  /** The same for a call that only faults with the scope `all` can strike. */
  drawForAll(): ActiveFault | undefined {
    return this.#drawAmong((fault) => fault.scope === 'all' && FAULTS[fault.kind].target === 'generate');
  }

  #drawAmong(applies: (fault: ActiveFault) => boolean): ActiveFault | undefined {
    if (this.#active.length === 0) return undefined;
    const struck = this.#active.find(
      (fault) => applies(fault) && (fault.probability >= 1 || this.#random.next() < fault.probability),
    );
    if (struck === undefined) return undefined;
    const updated = { ...struck, struck: struck.struck + 1 };
    const isOver = updated.struck >= updated.count;
    this.#active = this.#active.flatMap((fault) => (fault !== struck ? [fault] : isOver ? [] : [updated]));
    return updated;
  }
}
