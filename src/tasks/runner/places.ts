/** Where tasks of a model can go: instances that registered themselves, and engines of the fleet. */

import type { KnownInstance } from '../instances/registry.ts';
import type { FleetEngine } from './fleet-view.ts';

export type TaskPlace =
  | {
      readonly kind: 'task-instance';
      readonly uuid: string;
      readonly url: string;
      readonly isDraining: boolean;
      readonly instance: KnownInstance;
    }
  | {
      readonly kind: 'engine';
      readonly uuid: string;
      readonly url: string;
      readonly isDraining: boolean;
      readonly engine: FleetEngine;
    };

export interface PlaceSources {
  /** In the order of registration. */
  registered(): readonly KnownInstance[];
  fleetServing(model: string): readonly FleetEngine[];
}

/** Every place of the model that gets new work, whether or not it has room now. */
export function placesOf(model: string, sources: PlaceSources): readonly TaskPlace[] {
  const places: TaskPlace[] = [];
  for (const instance of sources.registered()) {
    if (instance.kind === 'task-instance' && instance.model === model && !instance.isDraining) {
      places.push(taskInstancePlace(instance));
    }
  }
  for (const engine of sources.fleetServing(model)) if (!engine.isDraining) places.push(enginePlace(engine));
  return places;
}

export function taskInstancePlace(instance: KnownInstance): TaskPlace {
  const { uuid, url, isDraining } = instance;
  return { kind: 'task-instance', uuid, url, isDraining, instance };
}

export function enginePlace(engine: FleetEngine): TaskPlace {
  const { uuid, isDraining } = engine;
  return { kind: 'engine', uuid, url: engine.instance.url, isDraining, engine };
}
