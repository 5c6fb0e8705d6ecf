/** Where each task failed lately, so that its next try goes elsewhere if it can. */

/** Tasks remembered; a failure is followed by another try within minutes. */
const MAX_TASKS = 10_000;

export class FailedPlaces {
  readonly #byTask = new Map<string, readonly string[]>();

  add(taskId: string, uuid: string): void {
    const before = this.#byTask.get(taskId) ?? [];
    this.#byTask.delete(taskId);
    this.#byTask.set(taskId, [...before.filter((one) => one !== uuid), uuid]);
    for (const oldest of this.#byTask.keys()) {
      if (this.#byTask.size <= MAX_TASKS) break;
      this.#byTask.delete(oldest);
    }
  }

  forget(taskId: string): void {
    this.#byTask.delete(taskId);
  }

  /** What is left of `places` without those that failed the task; without the last one only, or all of them, when there is no other. */
  without<Place extends { readonly uuid: string }>(
    taskId: string,
    places: readonly Place[],
  ): readonly Place[] {
    const failed = this.#byTask.get(taskId);
    if (failed === undefined) return places;
    const untried = places.filter(({ uuid }) => !failed.includes(uuid));
    if (untried.length > 0) return untried;
    const others = places.filter(({ uuid }) => uuid !== failed.at(-1));
    return others.length > 0 ? others : places;
  }
}
