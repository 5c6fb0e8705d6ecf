/** The registered pipelines of a live fleet, and those that are on their way. */

import type { RegisteredPipeline } from '../routing/pipeline-routing.ts';
import type { Placement } from './filling.ts';

/** A pipeline that is registered once each of its nodes has finished what it ran. */
export interface Promised {
  readonly moveId: number;
  readonly placements: readonly Placement[];
}

export class PipelineBook {
  readonly #registered = new Map<number, RegisteredPipeline>();
  readonly #promised = new Map<number, Promised>();
  #list: readonly RegisteredPipeline[] = [];
  #nextId = 0;
  #version = 0;

  /** By their ids, ascending. */
  get registered(): readonly RegisteredPipeline[] {
    return this.#list;
  }

  /** Another number after each change of what is registered. */
  get version(): number {
    return this.#version;
  }

  get promised(): readonly Promised[] {
    return [...this.#promised.values()];
  }

  get(id: number): RegisteredPipeline | undefined {
    return this.#registered.get(id);
  }

  /** A new pipeline, or with an id another chain of nodes for an old one. */
  register(nodeIds: readonly string[], id = this.#nextId++): number {
    this.#registered.set(id, { id, nodeIds });
    this.#list = [...this.#registered.values()];
    this.#version++;
    return id;
  }

  dissolve(id: number): void {
    this.#registered.delete(id);
    this.#list = [...this.#registered.values()];
    this.#version++;
  }

  promise(placements: readonly Placement[]): Promised {
    const promised = { moveId: this.#nextId++, placements };
    this.#promised.set(promised.moveId, promised);
    return promised;
  }

  /** It has come about, or cannot any more. */
  forget(moveId: number): void {
    this.#promised.delete(moveId);
  }
}
