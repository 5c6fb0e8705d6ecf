/** What news of an instance means for it, for those who listen, and for the lanes of the models that it serves. */

import type { FleetEvent, LifecycleListener } from '../domain/index.ts';
import type { Lane, WaitingQueue } from '../queueing/index.ts';
import type { Fleet } from './fleet.ts';
import type { InstanceRecord } from './instance-record.ts';
import type { Patience } from './patience.ts';

export interface FleetChangesParts {
  readonly fleet: Fleet;
  readonly queue: WaitingQueue;
  readonly patience: Patience;
  listeners(): Required<LifecycleListener>;
  reportStaleAfterMs(): number;
}

export class FleetChanges {
  readonly #parts: FleetChangesParts;

  constructor(parts: FleetChangesParts) {
    this.#parts = parts;
  }

  /** Returns the instance that may have room now, if there is one. */
  apply(event: FleetEvent, nowMs: number): InstanceRecord | undefined {
    const record = this.#recordOf(event, nowMs);
    if (record === undefined) return undefined;
    switch (event.type) {
      case 'instance-added':
        break;
      case 'instance-removed':
        record.remove(nowMs);
        break;
      case 'instance-draining':
        record.setDraining(event.isDraining, nowMs);
        break;
      case 'instance-health':
        record.setHealthy(event.isHealthy, event.detail, nowMs);
        break;
      case 'instance-reported':
        record.takeReport(event.report);
        this.#parts.listeners().onInstanceReported(event.report);
        return undefined;
      default:
        event satisfies never;
    }
    this.stateChanged(record, nowMs);
    return record;
  }

  /** To be called whenever an instance's state may have changed. */
  stateChanged(record: InstanceRecord, nowMs: number): void {
    const { fleet } = this.#parts;
    fleet.track(record, nowMs);
    const isEjected = record.state === 'ejected';
    if (isEjected && !record.wasEjected) this.#parts.listeners().onInstanceEjected(record.instance.id);
    record.wasEjected = isEjected;
    if (record.state === 'gone') {
      fleet.forget(record);
      this.#parts.listeners().onInstanceRemoved(record.instance.id);
    }
    this.#noteLanes(record.names, nowMs);
  }

  /** To be called when a request has left an instance; the last one that leaves a removed instance is its end. */
  freed(record: InstanceRecord, nowMs: number): void {
    if (!record.isRemoved) return this.#parts.fleet.track(record, nowMs);
    record.refresh(nowMs);
    this.stateChanged(record, nowMs);
  }

  /** Whether somebody serves the lane decides how long its requests have patience. */
  noteLane(lane: Lane, nowMs: number): void {
    const isAlive = this.#parts.fleet.serving(lane.model).some(({ state }) => state === 'ready');
    this.#parts.patience.laneIs(lane, isAlive, nowMs);
    this.dropUnservedLane(lane);
  }

  /** So that the names of models that nobody serves do not pile up. */
  dropUnservedLane(lane: Lane): void {
    const { fleet, queue, patience } = this.#parts;
    if (lane.size > 0 || fleet.serving(lane.model).length > 0) return;
    queue.dropLane(lane);
    patience.forgetLane(lane);
  }

  #recordOf(event: FleetEvent, nowMs: number): InstanceRecord | undefined {
    const { fleet } = this.#parts;
    if (event.type === 'instance-reported') return fleet.get(event.report.instanceId);
    if (event.type !== 'instance-added') return fleet.get(event.instanceId);
    const namesBefore = fleet.get(event.instance.id)?.names ?? [];
    const record = fleet.put(event.instance, this.#parts.reportStaleAfterMs(), nowMs);
    this.#parts.listeners().onInstanceRegistered(event.instance);
    this.#noteLanes(namesBefore, nowMs);
    return record;
  }

  #noteLanes(models: Iterable<string>, nowMs: number): void {
    for (const model of models) {
      const lane = this.#parts.queue.existingLane(model);
      if (lane !== undefined) this.noteLane(lane, nowMs);
    }
  }
}
