/** The client side of the transport port on undici's low-level `dispatch`: no streams, no promises, no timers per call. */

import { type Dispatcher, Pool } from 'undici';
import type {
  EngineCall,
  EngineClient,
  EngineClientOptions,
  EngineFailure,
  EngineListener,
  EngineRequest,
  EngineTarget,
  EngineTls,
  HeaderMap,
} from './port.ts';

/** Nobody reads it: an aborted call's listener hears nothing more. */
const ABORTED = new Error('The gateway has no more use for this call.');

export function createUndiciEngineClient(options: EngineClientOptions): EngineClient {
  return new UndiciEngineClient(options);
}

interface Route {
  readonly url: string;
  readonly maxConnections: number;
  readonly tls: EngineTls | undefined;
  /** The path in the instance's URL, without a slash at its end. */
  readonly prefix: string;
  readonly pool: Pool;
}

class UndiciEngineClient implements EngineClient {
  readonly #options: EngineClientOptions;
  readonly #routes = new Map<string, Route>();
  /** Those of forgotten instances too, until they have closed. */
  readonly #pools = new Set<Pool>();
  #openConnections = 0;

  constructor(options: EngineClientOptions) {
    this.#options = options;
  }

  get openConnections(): number {
    return this.#openConnections;
  }

  call(target: EngineTarget, request: EngineRequest, listener: EngineListener): EngineCall {
    const { pool, prefix } = this.#routeTo(target);
    const call = new UndiciCall(listener);
    pool.dispatch(
      {
        method: request.method as Dispatcher.HttpMethod,
        path: prefix + request.path,
        headers: request.headers as string[],
        body: request.body as Buffer,
        // A connection with a call on it takes no second one: a slow answer would hold it up.
        blocking: true,
      },
      call,
    );
    return call;
  }

  forget(instanceId: string): void {
    const route = this.#routes.get(instanceId);
    if (route === undefined) return;
    this.#routes.delete(instanceId);
    void route.pool.close().then(() => this.#pools.delete(route.pool), ignore);
  }

  async close(): Promise<void> {
    const pools = [...this.#pools];
    this.#routes.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  #routeTo(target: EngineTarget): Route {
    const known = this.#routes.get(target.instanceId);
    if (known !== undefined) {
      const { url, maxConnections, tls } = target;
      if (known.url === url && known.maxConnections === maxConnections && known.tls === tls) return known;
      this.forget(target.instanceId);
    }
    const route = this.#open(target);
    this.#routes.set(target.instanceId, route);
    return route;
  }

  #open(target: EngineTarget): Route {
    const url = new URL(target.url);
    const pool = new Pool(url.origin, {
      connections: target.maxConnections,
      pipelining: 1,
      connect: { ...target.tls, timeout: this.#options.connectTimeoutMs },
      keepAliveTimeout: this.#options.keepAliveTimeoutMs,
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
    });
    pool.on('connect', () => {
      this.#openConnections += 1;
    });
    pool.on('disconnect', () => {
      this.#openConnections -= 1;
    });
    this.#pools.add(pool);
    const { url: given, maxConnections, tls } = target;
    return { url: given, maxConnections, tls, prefix: url.pathname.replace(/\/+$/, ''), pool };
  }
}

class UndiciCall implements EngineCall, Dispatcher.DispatchHandler {
  readonly #listener: EngineListener;
  #controller: Dispatcher.DispatchController | undefined;
  #isAborted = false;

  constructor(listener: EngineListener) {
    this.#listener = listener;
  }

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  abort(): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    // Without a controller the call still waits for its connection and is dropped when it gets one.
    this.#controller?.abort(ABORTED);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isAborted) controller.abort(ABORTED);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: HeaderMap): void {
    if (!this.#isAborted) this.#listener.onHead(status, headers);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#isAborted) this.#listener.onBytes(chunk);
  }

  onResponseEnd(): void {
    if (!this.#isAborted) this.#listener.onEnd();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    // undici reports what it cannot send from within `dispatch`; the port promises never to.
    const wasSent = this.#controller !== undefined;
    queueMicrotask(() => this.#listener.onFailure(toEngineFailure(error, wasSent)));
  }
}

function toEngineFailure(thrown: Error, wasSent: boolean): EngineFailure {
  const error = thrown as NodeJS.ErrnoException;
  const code = error.code ?? '';
  const kind = error.name === 'HTTPParserError' ? 'not-http' : failureKind(code, wasSent);
  return { kind, message: error.message === '' ? code : error.message };
}

/** Headers without end, and two lengths that contradict each other. */
const NOT_HTTP: ReadonlySet<string> = new Set([
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);

function failureKind(code: string, wasSent: boolean): EngineFailure['kind'] {
  if (code === 'UND_ERR_INVALID_ARG') return 'unsendable';
  if (NOT_HTTP.has(code)) return 'not-http';
  return wasSent ? 'disconnected' : 'unreachable';
}

function ignore(): void {}
