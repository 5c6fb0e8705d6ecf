/** The instances, and for each model those that serve it. */

import type { ExecutionInstance } from '../domain/index.ts';
import { InstanceRecord } from './instance-record.ts';

const NOBODY: readonly InstanceRecord[] = [];

export class Fleet {
  readonly #records = new Map<string, InstanceRecord>();
  readonly #byModel = new Map<string, InstanceRecord[]>();
  /** Those that time alone will change (ejected or resting), and when. */
  readonly #recovering = new Map<InstanceRecord, number>();

  records(): IterableIterator<InstanceRecord> {
    return this.#records.values();
  }

  get(instanceId: string): InstanceRecord | undefined {
    return this.#records.get(instanceId);
  }

  /** The instances that serve a model or adapter, in any state but `gone`. */
  serving(model: string): readonly InstanceRecord[] {
    return this.#byModel.get(model) ?? NOBODY;
  }

  modelNames(): string[] {
    return [...this.#byModel.keys()];
  }

  put(instance: ExecutionInstance, staleAfterMs: number, nowMs: number): InstanceRecord {
    let record = this.#records.get(instance.id);
    if (record === undefined) {
      record = new InstanceRecord(instance, staleAfterMs);
      this.#records.set(instance.id, record);
    } else {
      this.#unlist(record);
      record.update(instance, nowMs);
    }
    for (const model of namesServed(instance)) {
      const serving = this.#byModel.get(model);
      if (serving === undefined) this.#byModel.set(model, [record]);
      else serving.push(record);
    }
    return record;
  }

  forget(record: InstanceRecord): void {
    this.#unlist(record);
    this.#records.delete(record.instance.id);
    this.#recovering.delete(record);
  }

  /** To be called whenever an instance's resting or ejection may have changed. */
  track(record: InstanceRecord, nowMs: number): void {
    const dueMs = record.nextChangeMs(nowMs);
    if (dueMs < Number.POSITIVE_INFINITY) this.#recovering.set(record, dueMs);
    else this.#recovering.delete(record);
  }

  /** Refreshes those whose time has come, and returns them. */
  recovered(nowMs: number): InstanceRecord[] {
    const back: InstanceRecord[] = [];
    for (const [record, dueMs] of this.#recovering) {
      if (dueMs > nowMs) continue;
      record.refresh(nowMs);
      this.track(record, nowMs);
      back.push(record);
    }
    return back;
  }

  nextChangeMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const dueMs of this.#recovering.values()) next = Math.min(next, dueMs);
    return next;
  }

  #unlist(record: InstanceRecord): void {
    for (const model of namesServed(record.instance)) {
      const left = this.serving(model).filter((other) => other !== record);
      if (left.length === 0) this.#byModel.delete(model);
      else this.#byModel.set(model, left);
    }
  }
}

/** The names that requests may ask an instance for. */
export function namesServed(instance: ExecutionInstance): Set<string> {
  return new Set([...instance.models, ...instance.adapters]);
}
