/** From the bytes of a call to what the scheduler needs of it: the interface between the transport and the parsing of requests. */

import type { RequestKind, RequestMetadata, RequestPriority } from '../../domain/index.ts';

/** One call as the transport hands it over, before its body is read. */
export interface IncomingCall {
  readonly method: string;
  /** Without the query string. */
  readonly path: string;
  /** With its leading `?`, or empty. */
  readonly query: string;
  /** Names in lower case, as node gives them. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly receivedAtMs: number;
  readonly remoteAddress?: string;
}

/** What an API key lets its bearer do. */
export interface KeyFacts {
  /** The key's name in the configuration, never the key itself; absent when no keys are configured. */
  readonly name?: string;
  readonly tenant?: string;
  /** The models it may ask for, under the names that callers use; absent: all. */
  readonly models?: ReadonlySet<string>;
  /** The highest class it may ask for. */
  readonly maxPriority?: RequestPriority;
}

/** An answer that needs no engine, ready to be written. */
export interface LocalAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** In which form a body comes. */
export type BodyFormat = { readonly type: 'json' } | { readonly type: 'form'; readonly boundary: string };

/** What a caller wishes for one request, as its headers say. */
export interface Hints {
  readonly priority?: RequestPriority;
  /** Epoch milliseconds. */
  readonly deadlineMs?: number;
  readonly ttftSloMs?: number;
  readonly tpotSloMs?: number;
  readonly session?: string;
  /** The end user that Open WebUI names; the tenant where the API key has none. */
  readonly webUiUser?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** A call for an engine, as far as it is known before its body is read. */
export interface ForwardPreflight {
  readonly type: 'forward';
  readonly requestId: string;
  readonly key: KeyFacts;
  readonly kind: RequestKind;
  /** The body's length as declared; absent when it comes in chunks. */
  readonly declaredBytes?: number;
  readonly contentType: string;
  readonly format: BodyFormat;
  readonly hints: Hints;
}

/** What is known of a call before its body is read; it may already be the whole answer. */
export type Preflight =
  | {
      readonly type: 'answer';
      readonly requestId: string;
      readonly key: KeyFacts;
      readonly answer: LocalAnswer;
    }
  | ForwardPreflight;

/** A call that may be scheduled. */
export interface AcceptedCall {
  readonly request: RequestMetadata;
  /** What to send to the engine: the bytes that came, but for the model's name where an alias replaced it. */
  readonly body: Uint8Array;
  /** The engine's path, without the query string. */
  readonly path: string;
  readonly contentType: string;
  /** The model as the caller named it, before aliases. */
  readonly requestedModel: string;
  /** Whether the caller asked for `stream_options.include_usage`. */
  readonly wantsUsage: boolean;
}

/** Both throw `SignalboxError` for what cannot be served. */
export interface Intake {
  /**
   * Whose call it is, for one that is not for an engine.
   * @throws SignalboxError `invalid_api_key`
   */
  identify(call: IncomingCall): { readonly key: KeyFacts; readonly requestId: string };
  /** An id for a call that `preflight` refuses; what it takes has one. */
  idFor(call: IncomingCall): string;
  /** Before the body is read: path, method, API key, content type, declared length. */
  preflight(call: IncomingCall): Preflight;
  /** With the whole body, for a preflight of type `forward`. */
  accept(call: IncomingCall, preflight: Preflight, body: Uint8Array): AcceptedCall;
}
