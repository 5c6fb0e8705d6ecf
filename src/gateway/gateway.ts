/** The gateway: takes calls in, has them scheduled and relayed, and stops without losing what is under way. */

import { asSignalboxError, type FleetEvent, SignalboxError } from '../domain/index.ts';
import type { IncomingCall, Preflight } from './intake/index.ts';
import { Drain } from './lifecycle/drain.ts';
import { writeError, writeLocalAnswer } from './lifecycle/local-answer.ts';
import { answerProbe } from './lifecycle/probes.ts';
import { refusedRecord } from './lifecycle/refused-record.ts';
import {
  DEFAULT_ENGINE_CLIENT_OPTIONS,
  DEFAULT_GATEWAY_SETTINGS,
  DEFAULT_SERVER_OPTIONS,
  type GatewayOptions,
  type GatewaySettings,
} from './options.ts';
import { Relay, type RelayContext } from './relay/index.ts';
import { type SideAnswer, type SideDoor, toSideCall, writeSideAnswer } from './side-door.ts';
import {
  type Address,
  type BodyOutcome,
  createNodeHttpServer,
  createUndiciEngineClient,
  type EngineClient,
  type Exchange,
  type ServerTransport,
} from './transport/index.ts';

/** What became of the calls that were under way when the gateway was told to stop. */
export interface CloseReport {
  readonly finished: number;
  readonly aborted: number;
}

export interface Gateway {
  /** Port 0 takes a free one; the answer tells which. */
  listen(address: Address): Promise<Address>;
  /** Calls that wait or run. */
  readonly activeCalls: number;
  /** Holds for calls that come in from now on. */
  update(settings: Partial<GatewaySettings>): void;
  /** To be told what discovery tells the scheduler: connections to an instance close when it is removed. */
  onFleetEvent(event: FleetEvent): void;
  /**
   * From now on `/ready` says 503 and new calls are refused with `shutting_down`. What is under way may go on for
   * `graceMs`, then it is ended with an error; then the listener and all connections close. Called again, it can only
   * shorten the wait.
   */
  close(graceMs: number): Promise<CloseReport>;
}

export function createGateway(options: GatewayOptions): Gateway {
  return new HttpGateway(options);
}

/** How long answers that are over may take to reach their callers before connections are cut. */
const FLUSH_MS = 1000;

class HttpGateway implements Gateway {
  readonly #options: GatewayOptions;
  readonly #server: ServerTransport;
  readonly #client: EngineClient;
  readonly #calls = new Drain<Relay>();
  readonly #heldBodies = new Map<SideDoor, number>();
  #settings: GatewaySettings;
  #context: RelayContext;
  #closing: Promise<CloseReport> | undefined;
  readonly #graceOver = Promise.withResolvers<void>();

  constructor(options: GatewayOptions) {
    this.#options = options;
    const createServer = options.createServer ?? createNodeHttpServer;
    const createClient = options.createEngineClient ?? createUndiciEngineClient;
    this.#server = createServer({ ...DEFAULT_SERVER_OPTIONS, ...options.server }, (exchange) =>
      this.#onExchange(exchange),
    );
    this.#client = createClient({ ...DEFAULT_ENGINE_CLIENT_OPTIONS, ...options.engineClient });
    this.#settings = { ...DEFAULT_GATEWAY_SETTINGS, ...options.settings };
    this.#context = this.#relayContext();
  }

  get activeCalls(): number {
    return this.#calls.size;
  }

  listen(address: Address): Promise<Address> {
    return this.#server.listen(address);
  }

  update(settings: Partial<GatewaySettings>): void {
    this.#settings = { ...this.#settings, ...settings };
    this.#context = this.#relayContext();
  }

  onFleetEvent(event: FleetEvent): void {
    if (event.type === 'instance-removed') this.#client.forget(event.instanceId);
  }

  async close(graceMs: number): Promise<CloseReport> {
    const timer = setTimeout(this.#graceOver.resolve, graceMs);
    this.#closing ??= this.#close();
    const report = await this.#closing;
    clearTimeout(timer);
    return report;
  }

  async #close(): Promise<CloseReport> {
    const before = this.#calls.size;
    for (const relay of this.#calls.items) relay.closeAfterwards();
    await Promise.race([this.#calls.untilEmpty(), this.#graceOver.promise]);
    const aborted = this.#calls.size;
    for (const relay of [...this.#calls.items]) relay.abort(shuttingDown());
    const cut = setTimeout(() => this.#server.destroyConnections(), FLUSH_MS);
    await this.#server.close();
    clearTimeout(cut);
    await this.#client.close();
    return { finished: before - aborted, aborted };
  }

  #relayContext(): RelayContext {
    const { clock, door, observer, tracing, upstreamHeaders, upstreamTls } = this.#options;
    return {
      clock,
      door,
      observer,
      tracing,
      client: this.#client,
      settings: this.#settings.relay,
      forwardsCredentials: this.#settings.forwardsCredentials,
      upstreamHeaders: upstreamHeaders ?? (() => NO_HEADERS),
      upstreamTls: upstreamTls ?? (() => undefined),
      onEnd: (relay) => this.#calls.remove(relay),
    };
  }

  #onExchange(exchange: Exchange): void {
    const { method, path } = exchange.head;
    const isStopping = this.#closing !== undefined;
    if (isStopping) exchange.closeAfterwards();
    const probe = answerProbe(method, path, { isStopping, isReady: () => this.#options.isReady?.() ?? true });
    if (probe !== undefined) {
      writeLocalAnswer(exchange, probe);
      return;
    }
    const call = { ...exchange.head, receivedAtMs: this.#options.clock.now() } as IncomingCall;
    try {
      if (isStopping) throw shuttingDown();
      const door = this.#options.sideDoors?.find(({ isFor }) => isFor(call.path));
      if (door !== undefined) {
        this.#passToSideDoor(exchange, call, door);
        return;
      }
      const preflight = this.#options.intake.preflight(call);
      if (preflight.type === 'answer') {
        writeLocalAnswer(exchange, preflight.answer, preflight.requestId);
        return;
      }
      exchange.readBody(this.#settings.maxBodyBytes, (outcome) =>
        this.#onBody(exchange, call, preflight, outcome),
      );
    } catch (error) {
      this.#refuse(exchange, call, error);
    }
  }

  #passToSideDoor(exchange: Exchange, call: IncomingCall, door: SideDoor): void {
    const { key, requestId } = this.#options.intake.identify(call);
    const release = this.#holdBody(exchange, call, door);
    exchange.readBody(door.maxBodyBytes, async (outcome) => {
      let answer: SideAnswer;
      try {
        if (outcome.type !== 'complete') throw this.#bodyError(exchange, outcome.type, door.maxBodyBytes);
        answer = await door.answer(toSideCall(call, key, outcome.body));
      } catch (error) {
        this.#refuse(exchange, call, error, requestId);
        return;
      } finally {
        release();
      }
      await writeSideAnswer(exchange, answer, requestId).catch((error: unknown) =>
        this.#logInside(error, call),
      );
    });
  }

  /** Counts a body that is about to be held; the result, called once it no longer is or its caller has gone, counts it out again. */
  #holdBody(exchange: Exchange, { method }: IncomingCall, door: SideDoor): () => void {
    if (method !== 'POST') return () => undefined;
    const held = this.#heldBodies.get(door) ?? 0;
    if (held >= door.maxBodiesAtOnce) {
      exchange.closeAfterwards();
      throw new SignalboxError(
        'overloaded',
        `${held} uploads are being taken; no more than that at a time.`,
        {
          retryAfterMs: 1000,
        },
      );
    }
    this.#heldBodies.set(door, held + 1);
    let isHeld = true;
    const release = (): void => {
      if (isHeld) this.#heldBodies.set(door, this.#heldBodies.get(door)! - 1);
      isHeld = false;
    };
    exchange.listener = { onDrain: () => undefined, onGone: release };
    return release;
  }

  #onBody(exchange: Exchange, call: IncomingCall, preflight: Preflight, outcome: BodyOutcome): void {
    if (exchange.isGone) return;
    try {
      if (outcome.type !== 'complete') throw this.#bodyError(exchange, outcome.type);
      if (this.#closing !== undefined) {
        exchange.closeAfterwards();
        throw shuttingDown();
      }
      this.#relay(exchange, call, preflight, outcome.body);
    } catch (error) {
      this.#refuse(exchange, call, error, preflight.requestId);
    }
  }

  #relay(exchange: Exchange, call: IncomingCall, preflight: Preflight, body: Uint8Array): void {
    const accepted = this.#options.intake.accept(call, preflight, body);
    const relay = new Relay(exchange, accepted, this.#context);
    this.#calls.add(relay);
    this.#options.observer.onRequestStart();
    try {
      relay.start();
    } catch (error) {
      this.#logInside(error, call);
      relay.abort(asSignalboxError(error));
    }
  }

  #bodyError(
    exchange: Exchange,
    why: 'too-large' | 'too-slow',
    maxBodyBytes = this.#settings.maxBodyBytes,
  ): SignalboxError {
    exchange.closeAfterwards();
    if (why === 'too-slow') {
      return new SignalboxError('request_timeout', 'The body of the request took too long to arrive.');
    }
    return new SignalboxError('request_too_large', `The body may have ${maxBodyBytes} bytes; it has more.`);
  }

  #refuse(exchange: Exchange, call: IncomingCall, thrown: unknown, knownId?: string): void {
    const error = asSignalboxError(thrown);
    if (error.code === 'internal_error') this.#logInside(thrown, call);
    const { observer, tracing, clock, intake } = this.#options;
    const requestId = knownId ?? intake.idFor(call);
    observer.onRequestStart();
    writeError(exchange, error, requestId);
    const record = refusedRecord(call, error, requestId, clock.now());
    observer.onRequestEnd(record);
    tracing?.refused(record, call.headers);
  }

  #logInside(thrown: unknown, call: IncomingCall): void {
    this.#options.logger?.error({ err: thrown, path: call.path }, 'a call failed inside the gateway');
  }
}

const NO_HEADERS = Object.freeze({});

function shuttingDown(): SignalboxError {
  return new SignalboxError('shutting_down', 'The gateway is shutting down.', { retryAfterMs: 1000 });
}
