/** One call of the batch API, as the data listener hands it over: who it is from is known, its body is read. */

export interface BatchCall {
  readonly method: string;
  /** Without the query string. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly body: Uint8Array;
  /** Of the caller's API key. A caller sees only what belongs to the same tenant. */
  readonly tenant?: string;
  /** The models the key may use; absent: all. */
  readonly models?: ReadonlySet<string>;
}

export interface BatchAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | AsyncIterable<Uint8Array>;
}

export const json = (body: unknown): BatchAnswer => ({
  status: 200,
  contentType: 'application/json',
  body: JSON.stringify(body),
});
