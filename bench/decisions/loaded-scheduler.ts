/** A scheduler with a fleet and a queue, in which one decision after the other can be timed. */

import {
  createInstance,
  createRequest,
  ManualClock,
  REQUEST_PRIORITIES,
  type RequestMetadata,
  seededRandom,
} from '../../src/domain/index.ts';
import { createPredictor } from '../../src/prediction/index.ts';
import { createPolicy, type SchedulingPolicy } from '../../src/queueing/index.ts';
import {
  createRoutingMemory,
  findPreset,
  prefixBlocksOfIds,
  RoutingProfile,
} from '../../src/routing/index.ts';
import {
  DEFAULT_SCHEDULER_SETTINGS,
  Scheduler,
  type SchedulerEffect,
  type SchedulerEvent,
  Shadow,
} from '../../src/scheduler/index.ts';

/** Requests that an instance may have in flight. */
const WINDOW = 4;
const SESSIONS = 2_000;
const BLOCK_TOKENS = 128;

export interface DecisionTimes {
  /** From the event that makes a decision possible until the decision is there. */
  readonly p50Micros: number;
  readonly p95Micros: number;
  readonly p99Micros: number;
  /** The mean of all that the scheduler does for one request: its arrival, decision, first token, end, and what was put off. */
  readonly cycleMicros: number;
}

/** What decides beside the real ones, by name. */
export interface ShadowNames {
  readonly policy?: string;
  readonly preset?: string;
}

export class LoadedScheduler {
  readonly #clock = new ManualClock(1_000_000);
  readonly #random = seededRandom(1);
  readonly #memory = createRoutingMemory({ predictor: createPredictor() });
  readonly #scheduler: Scheduler;
  readonly #isFull: boolean;
  readonly #running: string[] = [];
  #arrived = 0;
  /** Time in the scheduler since the first sample. */
  #busyMs = 0;

  /** With `waiting` every window is full; without, every instance has room. */
  constructor(instances: number, waiting: number) {
    this.#isFull = waiting > 0;
    this.#scheduler = new Scheduler({
      clock: this.#clock,
      random: this.#random,
      policy: createPolicy({ name: 'fifo' }),
      profile: new RoutingProfile(findPreset('round-robin'), this.#memory.inputs),
      listeners: this.#memory.listeners,
      settings: {
        ...DEFAULT_SCHEDULER_SETTINGS,
        admission: { ...DEFAULT_SCHEDULER_SETTINGS.admission, maxRequests: 1e7, maxTokens: 1e12 },
      },
    });
    for (let i = 0; i < instances; i++) this.#addInstance(i);
    const inFlight = instances * (this.#isFull ? WINDOW : WINDOW / 2);
    for (let i = 0; i < inFlight + waiting; i++) this.#take(this.#arrive());
  }

  use(policy: string | SchedulingPolicy, preset: string): void {
    this.#scheduler.reconfigure({
      policy: typeof policy === 'string' ? this.#policy(policy) : policy,
      profile: this.#profile(preset),
    });
  }

  /** Neither name: nothing runs in the shadow. */
  useShadow({ policy, preset }: ShadowNames): void {
    const parts = {
      random: seededRandom(2),
      ...(policy !== undefined && { policy: this.#policy(policy) }),
      ...(preset !== undefined && { profile: this.#profile(preset) }),
    };
    const isNone = policy === undefined && preset === undefined;
    this.#scheduler.setShadow(isNone ? undefined : new Shadow(parts, this.#clock.now()));
  }

  /**
   * Microseconds of a decision. In a full fleet that is a completion and the choice who takes the room; else an arrival and the
   * choice where it goes.
   */
  measure(samples: number, warmUp: number): DecisionTimes {
    const micros = new Float64Array(samples);
    for (let i = -warmUp; i < samples; i++) {
      if (i === 0) this.#busyMs = 0;
      this.#clock.advance(0.1);
      const took = this.#decide();
      if (i >= 0) micros[i] = took;
    }
    micros.sort();
    const rounded = (value: number): number => Number(value.toFixed(2));
    const quantile = (share: number): number => rounded(micros[Math.floor(share * (samples - 1))]!);
    const cycleMicros = rounded((this.#busyMs * 1_000) / samples);
    return { p50Micros: quantile(0.5), p95Micros: quantile(0.95), p99Micros: quantile(0.99), cycleMicros };
  }

  #policy(name: string): SchedulingPolicy {
    return createPolicy({ name }, this.#memory.inputs);
  }

  #profile(preset: string): RoutingProfile {
    return new RoutingProfile(findPreset(preset), this.#memory.inputs);
  }

  #decide(): number {
    const requestId = this.#endsNext();
    const usage = { outputTokens: 50 };
    this.#tell({ type: 'request-first-token', requestId });
    if (!this.#isFull) this.#tell({ type: 'request-completed', requestId, usage });
    const event = this.#isFull
      ? ({ type: 'request-completed', requestId, usage } as const)
      : ({ type: 'request-arrived', request: this.#request() } as const);
    const { effects, tookMicros } = this.#tell(event);
    if (effects.length !== 1) throw new Error(`one dispatch expected, got ${effects.length}`);
    this.#take(effects);
    if (this.#isFull) this.#take(this.#tell({ type: 'request-arrived', request: this.#request() }).effects);
    return tookMicros;
  }

  /** One event as it is handled in real time: the effects are delivered, then the scheduler does what it put off. */
  #tell(event: SchedulerEvent): { readonly effects: SchedulerEffect[]; readonly tookMicros: number } {
    const startMs = performance.now();
    const effects = this.#scheduler.handle(event);
    const decidedMs = performance.now();
    this.#scheduler.settle();
    this.#busyMs += performance.now() - startMs;
    return { effects, tookMicros: (decidedMs - startMs) * 1_000 };
  }

  #endsNext(): string {
    const running = this.#running;
    const at = Math.floor(this.#random.next() * running.length);
    const requestId = running[at]!;
    running[at] = running.at(-1)!;
    running.pop();
    return requestId;
  }

  #addInstance(i: number): void {
    const labels = { machine: `machine-${i >> 3}`, rack: `rack-${i >> 6}` };
    const facts = { models: ['m'], maxConcurrency: WINDOW, usdPerHour: 1 + (i % 3), gpuType: 'H100', labels };
    const instance = createInstance({ id: `i${i}`, url: `http://i${i}.test`, ...facts });
    this.#scheduler.handle({ type: 'instance-added', instance });
    this.#scheduler.handle({ type: 'instance-health', instanceId: instance.id, isHealthy: true });
    const report = {
      waitingRequests: i % 4,
      runningRequests: i % 7,
      kvCacheUsage: (i % 10) / 10,
      kvCacheTokens: 430_000,
    };
    this.#scheduler.handle({
      type: 'instance-reported',
      report: { instanceId: instance.id, atMs: this.#clock.now(), ...report },
    });
  }

  #arrive(): SchedulerEffect[] {
    return this.#scheduler.handle({ type: 'request-arrived', request: this.#request() });
  }

  /** A turn of one of many conversations, which share a system prompt of four blocks. */
  #request(): RequestMetadata {
    const number = this.#arrived++;
    const session = Math.floor(this.#random.next() * SESSIONS);
    const blocks = 8 + Math.floor(this.#random.next() * 16);
    const ids = Array.from({ length: blocks }, (_, i) => (i < 4 ? i : session * 100 + i));
    return createRequest({
      id: `r${number}`,
      model: 'm',
      arrivalMs: this.#clock.now(),
      priority: REQUEST_PRIORITIES[number % REQUEST_PRIORITIES.length]!,
      tenant: `tenant-${number % 50}`,
      session: `session-${session}`,
      promptTokens: blocks * BLOCK_TOKENS,
      maxTokens: 400,
      prefixBlocks: prefixBlocksOfIds(ids),
      prefixBlockTokens: BLOCK_TOKENS,
    });
  }

  #take(effects: readonly SchedulerEffect[]): void {
    for (const effect of effects) if (effect.type === 'dispatch') this.#running.push(effect.request.id);
  }
}
