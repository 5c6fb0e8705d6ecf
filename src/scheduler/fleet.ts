/** The instances, and for each model those that serve it. */

import type { ExecutionInstance } from '../domain/index.ts';
import type { WindowFlags } from '../routing/index.ts';
import { InstanceRecord } from './instance-record.ts';

/** The instances that serve one model. */
interface Serving {
  records: readonly InstanceRecord[];
  /** How many of them have room for a request. */
  roomCount: number;
  /** Where each of them stands among the records. */
  readonly places: Map<InstanceRecord, number>;
  windows: WindowFlags;
}

const NOBODY: readonly InstanceRecord[] = [];
const NO_WINDOWS: WindowFlags = { views: NOBODY, isFull: new Uint8Array(0) };

export class Fleet {
  readonly #records = new Map<string, InstanceRecord>();
  readonly #byModel = new Map<string, Serving>();
  #modelNames: readonly string[] | undefined;
  /** Slots below the highest ever used that nobody has now. */
  readonly #freeSlots: number[] = [];
  #slotCount = 0;
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
    return this.#byModel.get(model)?.records ?? NOBODY;
  }

  /** Whether any of them has room, in O(1). */
  hasRoom(model: string): boolean {
    return (this.#byModel.get(model)?.roomCount ?? 0) > 0;
  }

  /** Which of `serving` have as much in flight as they may have, kept with every change. */
  windows(model: string): WindowFlags {
    return this.#byModel.get(model)?.windows ?? NO_WINDOWS;
  }

  /** Every name served; the same list until that changes. */
  modelNames(): readonly string[] {
    this.#modelNames ??= [...this.#byModel.keys()];
    return this.#modelNames;
  }

  put(instance: ExecutionInstance, staleAfterMs: number, nowMs: number): InstanceRecord {
    let record = this.#records.get(instance.id);
    if (record === undefined) {
      record = new InstanceRecord(instance, this.#freeSlots.pop() ?? this.#slotCount++, staleAfterMs);
      this.#records.set(instance.id, record);
    } else {
      this.#unlist(record);
      record.update(instance, nowMs);
    }
    record.hadRoom = false;
    this.#modelNames = undefined;
    for (const model of record.names) {
      const serving = this.#byModel.get(model) ?? servingOf(NOBODY, 0);
      serving.places.set(record, serving.records.length);
      serving.records = [...serving.records, record];
      serving.windows = windowsOf(serving.records, serving.windows.isFull);
      this.#byModel.set(model, serving);
    }
    this.track(record, nowMs);
    return record;
  }

  forget(record: InstanceRecord): void {
    this.#unlist(record);
    if (this.#records.delete(record.instance.id)) this.#freeSlots.push(record.slot);
    this.#recovering.delete(record);
  }

  /** To be called whenever an instance's state, window, load or rest may have changed. */
  track(record: InstanceRecord, nowMs: number): void {
    const isFull = record.isWindowFull;
    if (isFull !== record.wasFull) {
      record.wasFull = isFull;
      for (const model of record.names) {
        const { windows, places } = this.#byModel.get(model)!;
        windows.isFull[places.get(record)!] = isFull ? 1 : 0;
      }
    }
    const hasRoom = record.hasRoom(nowMs);
    if (hasRoom !== record.hadRoom) {
      record.hadRoom = hasRoom;
      for (const model of record.names) this.#byModel.get(model)!.roomCount += hasRoom ? 1 : -1;
    }
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
    this.#modelNames = undefined;
    for (const model of record.names) {
      const serving = this.#byModel.get(model)!;
      const left = serving.records.filter((other) => other !== record);
      const roomCount = serving.roomCount - (record.hadRoom ? 1 : 0);
      if (left.length === 0) this.#byModel.delete(model);
      else this.#byModel.set(model, servingOf(left, roomCount));
    }
    record.hadRoom = false;
  }
}

function servingOf(records: readonly InstanceRecord[], roomCount: number): Serving {
  return {
    records,
    roomCount,
    places: new Map(records.map((record, place) => [record, place])),
    windows: windowsOf(records),
  };
}

/** @param known flags of the first of them, as they are */
function windowsOf(records: readonly InstanceRecord[], known: Uint8Array = NO_WINDOWS.isFull): WindowFlags {
  const isFull = new Uint8Array(records.length);
  isFull.set(known);
  for (let i = known.length; i < records.length; i++) isFull[i] = records[i]!.wasFull ? 1 : 0;
  return { views: records, isFull };
}
