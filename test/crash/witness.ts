/** What the workers saw: each start and end of a task, what it gave, and which reports were taken. Two runs at once are noticed as they happen. */

export interface Run {
  /** Unlike that of every other run. */
  readonly key: string;
  readonly taskId: string;
  readonly place: string;
  end(): void;
}

export class Witness {
  readonly #running = new Map<string, Set<Run>>();
  readonly #given = new Map<string, Set<string>>();
  readonly #accepted = new Map<string, Set<string>>();
  /** What must not be, in words, by the task it happened to. */
  readonly #doubled = new Map<string, string>();
  #runs = 0;

  /** @param key names the result, where the worker's own result has a name */
  begin(taskId: string, place: string, key = `run-${this.#runs + 1}`): Run {
    this.#runs++;
    const others = this.#running.get(taskId) ?? new Set<Run>();
    const run: Run = {
      key,
      taskId,
      place,
      end: () => {
        others.delete(run);
        if (others.size === 0) this.#running.delete(taskId);
      },
    };
    const [other] = others;
    if (other !== undefined) this.#doubled.set(taskId, `ran on ${other.place} and on ${place} at once`);
    others.add(run);
    this.#running.set(taskId, others);
    return run;
  }

  /** A worker answered with, or will report, the result of this name. */
  gave(taskId: string, key: string): void {
    remember(this.#given, taskId, key);
  }

  /** The server said that it stored this result as the task's own. */
  accepted(taskId: string, key: string): void {
    const keys = remember(this.#accepted, taskId, key);
    if (keys.size > 1) this.#doubled.set(taskId, `${keys.size} results were stored, each as the only one`);
  }

  /** Whether a worker gave this result, and no other one was accepted. */
  isResultOf(taskId: string, key: string): boolean {
    const accepted = this.#accepted.get(taskId);
    if (accepted !== undefined && !accepted.has(key)) return false;
    return this.#given.get(taskId)?.has(key) === true;
  }

  get doubled(): ReadonlyMap<string, string> {
    return this.#doubled;
  }

  /** How many runs began. */
  get runs(): number {
    return this.#runs;
  }

  /** How many tasks have given at least one result. */
  get tasksDone(): number {
    return this.#given.size;
  }

  get running(): number {
    return this.#running.size;
  }
}

function remember(all: Map<string, Set<string>>, taskId: string, key: string): ReadonlySet<string> {
  const keys = all.get(taskId) ?? new Set<string>();
  keys.add(key);
  all.set(taskId, keys);
  return keys;
}
