/** Says at submission where a task should go, and charges that place for it. */

import { SignalboxError } from '../domain/index.ts';
import type { TaskPredictor } from './predictions/index.ts';
import { type PlaceSources, placesOf, type TaskPlace } from './runner/places.ts';
import { engineObstacle } from './runner/task-request.ts';
import type { Candidate, QueueLedger, TaskStrategy } from './strategies/index.ts';
import type { TaskPrediction } from './task.ts';
import type { NewTask } from './task-service.ts';

export interface PlannerParts {
  readonly sources: PlaceSources;
  readonly ledger: QueueLedger;
  readonly predictor: TaskPredictor;
  readonly strategy: () => TaskStrategy;
}

export interface Plan {
  readonly instance: string;
  readonly prediction: TaskPrediction;
}

export class Planner {
  readonly #parts: PlannerParts;

  constructor(parts: PlannerParts) {
    this.#parts = parts;
  }

  /**
   * Plans each in turn, so that later ones see the charges of earlier ones; `undefined` for a model without any place.
   * @throws SignalboxError when a task could run nowhere; then nothing is charged
   */
  planAll(tasks: readonly NewTask[], isWaitingAllowed: boolean): readonly (Plan | undefined)[] {
    const placesByModel = new Map<string, readonly TaskPlace[]>();
    for (const task of tasks) {
      let places = placesByModel.get(task.model);
      if (places === undefined) {
        places = placesOf(task.model, this.#parts.sources);
        placesByModel.set(task.model, places);
      }
      if (places.length === 0 && !isWaitingAllowed) throw this.#nobody(task.model);
      refuseImpossible(task, places);
    }
    return tasks.map((task) => this.#plan(task, placesByModel.get(task.model)!));
  }

  /** The task was not stored after all. */
  undo({ id }: NewTask, plan: Plan | undefined): void {
    if (plan !== undefined) this.#parts.ledger.remove(plan.instance, { id, prediction: plan.prediction });
  }

  #plan(task: NewTask, places: readonly TaskPlace[]): Plan | undefined {
    const { ledger, predictor, strategy } = this.#parts;
    if (places.length === 0) return undefined;
    const { model, input, metadata = {} } = task;
    const candidates = places.map(({ uuid }) => {
      const { prediction } = predictor.predict({ model, input, metadata, instance: uuid });
      return { uuid, queue: ledger.state(uuid), prediction } satisfies Candidate;
    });
    const { uuid, prediction } = candidates[strategy().choose(candidates, model)]!;
    ledger.add(uuid, { id: task.id, prediction });
    return { instance: uuid, prediction };
  }

  /** Words that clients of the existing queue know. */
  #nobody(model: string): SignalboxError {
    const { sources } = this.#parts;
    const isEmpty = sources.registered().length === 0;
    const message = isEmpty
      ? 'No TaskInstances configured'
      : `No available instances for model type ${model}`;
    return new SignalboxError('no_instance_available', message, { param: 'model_name' });
  }
}

/** What only engines could serve, and none would, is better refused now than failed later. */
function refuseImpossible(task: NewTask, places: readonly TaskPlace[]): void {
  const isForEngines = places.length > 0 && places.every(({ kind }) => kind === 'engine');
  const obstacle = isForEngines ? engineObstacle(task) : undefined;
  if (obstacle !== undefined) throw new SignalboxError('invalid_value', obstacle, { param: 'task_input' });
}
