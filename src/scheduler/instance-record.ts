/** What the scheduler keeps of one instance: routing's view of it, and its health. */

import type { ExecutionInstance, InstanceReport, InstanceState } from '../domain/index.ts';
import type { InstanceView } from '../routing/index.ts';
import { EventTimes } from './event-times.ts';
import { PromptWork } from './prompt-work.ts';
import type { PassiveHealthSettings } from './settings.ts';

/** The window of an instance that comes back from an ejection: one request shows whether it works again. */
const PROBE_WINDOW = 1;

export class InstanceRecord implements InstanceView {
  instance: ExecutionInstance;
  readonly slot: number;
  readonly work = new PromptWork();
  state: InstanceState = 'starting';
  inFlightRequests = 0;
  pendingPrefillTokens = 0;
  windowRequests: number;
  restingUntilMs = 0;
  report: InstanceReport | undefined = undefined;
  dispatchedSinceReport = 0;
  endedSinceReport = 0;
  staleAfterMs: number;
  lastDispatchOrder = 0;

  /** The models and adapters that requests may ask it for. */
  names: readonly string[];
  /** Kept by the fleet: whether it counts among those with room. */
  hadRoom = false;
  /** Kept by the fleet: what its window's flag says. */
  wasFull = false;
  /** Kept by the scheduler: whether listeners know that it is ejected. */
  wasEjected = false;
  consecutiveFailures = 0;
  ejections = 0;
  /** 0 when it is not ejected by failures. */
  ejectedUntilMs = 0;
  dispatchedTotal = 0;
  detail: string | undefined = undefined;
  readonly #dispatches = new EventTimes();
  readonly #ends = new EventTimes();
  #isHealthy: boolean | undefined = undefined;
  #isDraining = false;
  #isRemoved = false;
  /** Doubles the next ejection; falls when the instance has behaved for a while. */
  #ejectionLevel = 0;
  #isProbing = false;

  constructor(instance: ExecutionInstance, slot: number, staleAfterMs: number) {
    this.instance = instance;
    this.slot = slot;
    this.names = namesServed(instance);
    this.windowRequests = instance.maxConcurrency;
    this.staleAfterMs = staleAfterMs;
  }

  get isRemoved(): boolean {
    return this.#isRemoved;
  }

  get isWindowFull(): boolean {
    return this.inFlightRequests >= this.windowRequests;
  }

  /** Whether a request could go there now, whatever the request. */
  hasRoom(nowMs: number): boolean {
    return (
      this.state === 'ready' && this.inFlightRequests < this.windowRequests && this.restingUntilMs <= nowMs
    );
  }

  /** The next moment at which time alone changes something here; `Infinity` when none does. */
  nextChangeMs(nowMs: number): number {
    const resting = this.restingUntilMs > nowMs ? this.restingUntilMs : Number.POSITIVE_INFINITY;
    return this.ejectedUntilMs > 0 ? Math.min(resting, this.ejectedUntilMs) : resting;
  }

  /** New facts of the same instance; one that was on its way out is back. */
  update(instance: ExecutionInstance, nowMs: number): void {
    this.instance = instance;
    this.names = namesServed(instance);
    this.#isRemoved = false;
    this.refresh(nowMs);
  }

  remove(nowMs: number): void {
    this.#isRemoved = true;
    this.refresh(nowMs);
  }

  setDraining(isDraining: boolean, nowMs: number): void {
    this.#isDraining = isDraining;
    this.refresh(nowMs);
  }

  setHealthy(isHealthy: boolean, detail: string | undefined, nowMs: number): void {
    // An instance that has not been healthy yet is still starting, not ejected.
    if (isHealthy || this.#isHealthy !== undefined) this.#isHealthy = isHealthy;
    this.detail = detail;
    this.refresh(nowMs);
  }

  takeReport(report: InstanceReport): void {
    if (this.report !== undefined && report.atMs < this.report.atMs) return;
    this.report = report;
    // The page was read at `atMs`; what happened here while it was on its way is not in it.
    this.dispatchedSinceReport = this.#dispatches.countAfter(report.atMs);
    this.endedSinceReport = this.#ends.countAfter(report.atMs);
  }

  dispatched(promptTokens: number, order: number, nowMs: number): void {
    this.inFlightRequests++;
    this.dispatchedSinceReport++;
    this.dispatchedTotal++;
    this.pendingPrefillTokens += promptTokens;
    this.lastDispatchOrder = order;
    this.#dispatches.add(nowMs);
  }

  ended(nowMs: number): void {
    this.inFlightRequests--;
    this.endedSinceReport++;
    this.#ends.add(nowMs);
  }

  rest(untilMs: number): void {
    this.restingUntilMs = Math.max(this.restingUntilMs, untilMs);
  }

  /** An answer came: whatever was wrong is over. */
  succeeded(nowMs: number): void {
    this.consecutiveFailures = 0;
    if (!this.#isProbing) return;
    this.#isProbing = false;
    this.refresh(nowMs);
  }

  /** Returns whether this failure ejected the instance. */
  failed(nowMs: number, settings: PassiveHealthSettings): boolean {
    this.consecutiveFailures++;
    const isOver = this.#isProbing || this.consecutiveFailures >= settings.consecutiveFailures;
    if (!isOver || this.ejectedUntilMs > 0) return false;
    const lengthMs = settings.baseEjectionMs * 2 ** this.#ejectionLevel;
    this.ejectedUntilMs = nowMs + Math.min(settings.maxEjectionMs, lengthMs);
    if (lengthMs < settings.maxEjectionMs) this.#ejectionLevel++;
    this.ejections++;
    this.#isProbing = false;
    this.refresh(nowMs);
    return true;
  }

  /** Brings state and window up to date with everything known and the time. */
  refresh(nowMs: number): void {
    if (this.ejectedUntilMs > 0 && this.ejectedUntilMs <= nowMs) {
      this.ejectedUntilMs = 0;
      this.#isProbing = true;
    }
    this.windowRequests = this.#isProbing
      ? Math.min(PROBE_WINDOW, this.instance.maxConcurrency)
      : this.instance.maxConcurrency;
    this.state = this.#currentState();
  }

  #currentState(): InstanceState {
    if (this.#isRemoved) return this.inFlightRequests > 0 ? 'draining' : 'gone';
    if (this.#isDraining) return 'draining';
    if (this.#isHealthy === undefined) return 'starting';
    if (!this.#isHealthy || this.ejectedUntilMs > 0) return 'ejected';
    return 'ready';
  }
}

function namesServed({ models, adapters }: ExecutionInstance): readonly string[] {
  return [...new Set([...models, ...adapters])];
}
