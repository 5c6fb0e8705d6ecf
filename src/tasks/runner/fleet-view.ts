/** The fleet's engines as places for tasks, kept from the news that the scheduler hears too. */

import { type ExecutionInstance, type FleetEvent, servesModel } from '../../domain/index.ts';
import { uuidOfInstance } from '../instances/instance-names.ts';

export interface FleetEngine {
  readonly uuid: string;
  readonly instance: ExecutionInstance;
  readonly isReady: boolean;
  readonly isDraining: boolean;
}

interface Seen {
  readonly uuid: string;
  instance: ExecutionInstance;
  isHealthy: boolean;
  isDraining: boolean;
}

export class FleetView {
  readonly #byId = new Map<string, Seen>();
  readonly #byUuid = new Map<string, Seen>();

  onFleetEvent(event: FleetEvent): void {
    if (event.type === 'instance-added') {
      this.#add(event.instance);
    } else if (event.type === 'instance-removed') {
      const seen = this.#byId.get(event.instanceId);
      if (seen === undefined) return;
      this.#byId.delete(event.instanceId);
      this.#byUuid.delete(seen.uuid);
    } else if (event.type === 'instance-health') {
      const seen = this.#byId.get(event.instanceId);
      if (seen !== undefined) seen.isHealthy = event.isHealthy;
    } else if (event.type === 'instance-draining') {
      const seen = this.#byId.get(event.instanceId);
      if (seen !== undefined) seen.isDraining = event.isDraining;
    }
  }

  byId(instanceId: string): FleetEngine | undefined {
    const seen = this.#byId.get(instanceId);
    return seen && shown(seen);
  }

  byUuid(uuid: string): FleetEngine | undefined {
    const seen = this.#byUuid.get(uuid);
    return seen && shown(seen);
  }

  all(): readonly FleetEngine[] {
    return Array.from(this.#byId.values(), shown);
  }

  /** Those that serve the model, as it is or as an adapter. */
  serving(model: string): readonly FleetEngine[] {
    const serving: FleetEngine[] = [];
    for (const seen of this.#byId.values()) if (servesModel(seen.instance, model)) serving.push(shown(seen));
    return serving;
  }

  #add(instance: ExecutionInstance): void {
    const known = this.#byId.get(instance.id);
    if (known !== undefined) {
      known.instance = instance;
      return;
    }
    const seen = { uuid: uuidOfInstance(instance.id), instance, isHealthy: false, isDraining: false };
    this.#byId.set(instance.id, seen);
    this.#byUuid.set(seen.uuid, seen);
  }
}

function shown({ uuid, instance, isHealthy, isDraining }: Seen): FleetEngine {
  return { uuid, instance, isReady: isHealthy && !isDraining, isDraining };
}
