/** A policy in a file: loaded, loaded again when the file changes, and done without when it fails at work. */

import { stat } from 'node:fs/promises';
import type { GivenParameters } from '../../domain/index.ts';
import {
  createPolicy,
  DEFAULT_POLICY,
  FunctionPolicy,
  type FunctionPolicyOptions,
  functionPolicy,
  type PolicyInputs,
  type PolicyProblem,
  type SchedulingPolicy,
  SwappablePolicy,
} from '../../queueing/index.ts';
import { loadPolicyModule } from './policy-module.ts';

/** Something that an operator wants to know of a policy file. */
export interface PolicyFileNews {
  readonly path: string;
  readonly kind: 'reloaded' | 'not-reloaded' | 'problem' | 'replaced';
  /** In words. */
  readonly message: string;
  readonly cause?: unknown;
}

export interface PolicyFileOptions {
  readonly parameters?: GivenParameters;
  /** Handed to the policy's functions, and to the built-in policy that stands in for it. */
  readonly inputs?: PolicyInputs;
  /** What one decision may take, milliseconds: 19 of 20 must stay within it. */
  readonly budgetMs?: number;
  /** Must not throw. */
  readonly onNews?: (news: PolicyFileNews) => void;
  /** Milliseconds between two looks at the file; a change is taken over after two that saw the same. */
  readonly pollMs?: number;
  /** Milliseconds of any origin. */
  readonly stopwatch?: () => number;
}

export interface PolicyFile {
  /** Stands for whatever the file holds; the scheduler keeps it over all changes. */
  readonly policy: SchedulingPolicy;
  /** Loads the file now; resolves to whether that went well. */
  reload(): Promise<boolean>;
  /** Stops looking at the file. */
  close(): void;
}

const DEFAULT_POLL_MS = 1_000;

/** Of threads, Node tells the time of work only since 23.9; where it does not, the clock on the wall stands in. */
const REAL_WATCHES: Pick<FunctionPolicyOptions, 'stopwatch' | 'workwatch'> = {
  stopwatch: () => performance.now(),
  ...(typeof process.threadCpuUsage === 'function' && { workwatch: threadWorkMs }),
};

function threadWorkMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/** @throws Error when the file cannot be loaded at the start, since there is no older version to go on with */
export async function loadPolicyFile(path: string, options: PolicyFileOptions = {}): Promise<PolicyFile> {
  const seen = await fingerprint(path);
  const file = new WatchedPolicy(path, options);
  await file.start(seen);
  return { policy: file.policy, reload: () => file.reload(), close: () => file.close() };
}

class WatchedPolicy {
  readonly policy: SwappablePolicy;
  readonly #path: string;
  readonly #options: PolicyFileOptions;
  /** What ordered before the present version, if it was of the file as well and still worked. */
  #previous: FunctionPolicy | undefined;
  #seen = '';
  #applied = '';
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(path: string, options: PolicyFileOptions) {
    this.#path = path;
    this.#options = options;
    this.policy = new SwappablePolicy(this.#builtIn());
  }

  async start(seen: string): Promise<void> {
    this.#seen = seen;
    this.#applied = seen;
    this.policy.swap(await this.#load());
    this.#lookLater();
  }

  async reload(): Promise<boolean> {
    try {
      const next = await this.#load();
      const { current } = this.policy;
      this.#previous = current instanceof FunctionPolicy && !current.isRetired ? current : this.#previous;
      this.policy.swap(next);
      this.#tell('reloaded', `policy "${next.name}" was loaded from ${this.#path}`);
      return true;
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      this.#tell(
        'not-reloaded',
        `${this.#path} cannot be loaded, the version before stays: ${message}`,
        cause,
      );
      return false;
    }
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #load(): Promise<FunctionPolicy> {
    const { parameters = {}, inputs = {}, budgetMs, stopwatch } = this.#options;
    const custom = await loadPolicyModule(this.#path, parameters);
    const { metrics, predictor } = inputs;
    const policy: FunctionPolicy = functionPolicy(custom, {
      ...(stopwatch === undefined ? REAL_WATCHES : { stopwatch }),
      fallback: this.#builtIn(),
      context: { ...(metrics !== undefined && { metrics }), ...(predictor !== undefined && { predictor }) },
      ...(budgetMs !== undefined && { budgetMs }),
      onProblem: (problem) => this.#problem(policy, problem),
    });
    return policy;
  }

  #problem(policy: FunctionPolicy, { message, cause, isRetired }: PolicyProblem): void {
    this.#tell('problem', `policy "${policy.name}" of ${this.#path}: ${message}`, cause);
    if (!isRetired || this.policy.current !== policy) return;
    const substitute = this.#previous ?? this.#builtIn();
    const which = this.#previous === undefined ? `the built-in "${substitute.name}"` : 'the version before';
    this.#previous = undefined;
    this.policy.swap(substitute);
    this.#tell(
      'replaced',
      `policy "${policy.name}" of ${this.#path} is replaced by ${which} until the file changes`,
    );
  }

  #builtIn(): SchedulingPolicy {
    return createPolicy({ name: DEFAULT_POLICY }, this.#options.inputs);
  }

  #tell(kind: PolicyFileNews['kind'], message: string, cause?: unknown): void {
    this.#options.onNews?.({ path: this.#path, kind, message, ...(cause !== undefined && { cause }) });
  }

  #lookLater(): void {
    this.#timer = setTimeout(() => {
      void this.#look().finally(() => {
        if (!this.#isClosed) this.#lookLater();
      });
    }, this.#options.pollMs ?? DEFAULT_POLL_MS);
    this.#timer.unref();
  }

  /** Loads once two looks in a row saw the same new state, so that nobody is caught half-way writing. */
  async #look(): Promise<void> {
    const now = await fingerprint(this.#path);
    const isSettled = now === this.#seen;
    this.#seen = now;
    if (!isSettled || now === this.#applied || this.#isClosed) return;
    this.#applied = now;
    await this.reload();
  }
}

/** A file that is not there has one, too: it is a change when it goes and when it comes back. */
async function fingerprint(path: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(path);
    return `${mtimeMs}:${size}:${ino}`;
  } catch (error) {
    return `unreadable: ${String(error)}`;
  }
}
