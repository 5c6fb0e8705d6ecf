/** What the gateway's logic needs of a transport: calls that come in, and calls that go out to engines. */

/** Header names and values in turn: name, value, name, value, … */
export type HeaderPairs = readonly string[];

/** Headers by name in lower case; a name that came several times has its values joined, or listed. */
export type HeaderMap = Readonly<Record<string, string | string[] | undefined>>;

/** What is known of an incoming call before its body. */
export interface CallHead {
  readonly method: string;
  /** Without the query string. */
  readonly path: string;
  /** With its leading `?`, or empty. */
  readonly query: string;
  readonly headers: HeaderMap;
  readonly remoteAddress: string | undefined;
}

/** How reading a body ended. */
export type BodyOutcome =
  | { readonly type: 'complete'; readonly body: Uint8Array }
  /** More than the limit was declared or came; what comes after it is not kept. */
  | { readonly type: 'too-large' }
  /** Nothing came for too long, or all of it took too long. */
  | { readonly type: 'too-slow' };

/** What an exchange tells of its caller. Never called from within a call of the exchange's own methods. */
export interface ExchangeListener {
  /** What was written has gone out: `write` may go on. */
  onDrain(): void;
  /** The caller went away, or stopped reading for too long, before the answer was handed over whole. */
  onGone(): void;
}

/** One incoming call and the answer to it. After the caller is gone, every method does nothing. */
export interface Exchange {
  readonly head: CallHead;
  readonly isGone: boolean;
  /** Who is told what becomes of the caller; the last one set counts. */
  listener: ExchangeListener | undefined;
  /** Reads the body whole; `done` is called once, or never if the caller goes away. May be called once. */
  readBody(limitBytes: number, done: (outcome: BodyOutcome) => void): void;
  /** Status and headers. Without a `content-length` the body is as long as what is written. May be called once. */
  begin(status: number, headers: HeaderPairs): void;
  /** `false`: hold back until `onDrain`. */
  write(bytes: Uint8Array | string): boolean;
  end(): void;
  /** Cuts the connection, so that the caller sees a failure instead of a short answer. */
  destroy(): void;
  /** The connection takes no further call after this one; to be said before `begin`. */
  closeAfterwards(): void;
}

export interface ServerOptions {
  /** A head that is longer is answered 431. */
  readonly maxHeaderBytes: number;
  /** A head that takes longer is answered 408. */
  readonly headTimeoutMs: number;
  /** A body of which nothing comes for this long ends as `too-slow`. */
  readonly bodyIdleTimeoutMs: number;
  /** A body that takes longer in all ends as `too-slow`. */
  readonly bodyTimeoutMs: number;
  /** A caller that takes nothing of what was written for this long is cut off. */
  readonly writeIdleTimeoutMs: number;
  /** A connection without a call is closed after this long. */
  readonly keepAliveTimeoutMs: number;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Takes connections and turns them into exchanges. Bad HTTP it answers itself, in OpenAI's error shape. */
export interface ServerTransport {
  /** Port 0 takes a free one; the answer tells which. */
  listen(address: Address): Promise<Address>;
  readonly openConnections: number;
  /** Takes no new connections, closes the idle ones, and resolves when the last has gone. */
  close(): Promise<void>;
  /** Cuts every connection. */
  destroyConnections(): void;
}

export type CreateServerTransport = (
  options: ServerOptions,
  onExchange: (exchange: Exchange) => void,
) => ServerTransport;

/** How connections to an engine are secured. */
export interface EngineTls {
  /** PEM text of the authorities to trust instead of the system's. */
  readonly ca?: string;
  /** PEM text of the client's certificate and key. */
  readonly cert?: string;
  readonly key?: string;
  /** The name to ask for and to verify instead of the URL's host. */
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** Where a call to an engine goes. */
export interface EngineTarget {
  readonly instanceId: string;
  /** Base URL; a path in it comes before the call's own. */
  readonly url: string;
  /** The most connections to it. */
  readonly maxConnections: number;
  /** The same object for each call until it changes. */
  readonly tls?: EngineTls | undefined;
}

export interface EngineRequest {
  readonly method: string;
  /** With the query string. */
  readonly path: string;
  /** Without `host`, `content-length` and what belongs to the connection. */
  readonly headers: HeaderPairs;
  readonly body: Uint8Array;
}

/** How a call to an engine failed, apart from what the engine itself answered. */
export interface EngineFailure {
  readonly kind: /** No connection. */
    | 'unreachable'
    /** The connection ended before the answer did. */
    | 'disconnected'
    /** What came is not HTTP. */
    | 'not-http'
    /** The call itself cannot be sent. */
    | 'unsendable';
  readonly message: string;
}

/** What becomes of a call to an engine: a head, bytes, then an end; or a failure at any point. Never told within `call`. */
export interface EngineListener {
  onHead(status: number, headers: HeaderMap): void;
  onBytes(bytes: Uint8Array): void;
  onEnd(): void;
  onFailure(failure: EngineFailure): void;
}

/** A call under way. */
export interface EngineCall {
  /** No more bytes, please; those on their way may still come. */
  pause(): void;
  resume(): void;
  /** Drops the connection at once; the listener hears nothing more. */
  abort(): void;
}

/** Calls engines, over kept-alive connections. It sets no time limits but the one for connecting, and follows no redirects. */
export interface EngineClient {
  call(target: EngineTarget, request: EngineRequest, listener: EngineListener): EngineCall;
  /** The instance is gone: calls under way finish, then its connections close. */
  forget(instanceId: string): void;
  readonly openConnections: number;
  /** Closes every connection; calls under way fail. */
  close(): Promise<void>;
}

export interface EngineClientOptions {
  readonly connectTimeoutMs: number;
  /** A connection without a call is closed after this long. */
  readonly keepAliveTimeoutMs: number;
}

export type CreateEngineClient = (options: EngineClientOptions) => EngineClient;
