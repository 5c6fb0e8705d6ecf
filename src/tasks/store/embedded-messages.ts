/** What the embedded database's thread and its owner say to each other. */

export interface EmbeddedOptions {
  /** Where PGlite keeps its files; in memory when absent. */
  readonly dataDirectory?: string;
  /** File with a dump of a database, to begin with where there is none yet; without it one is made, which takes seconds. */
  readonly template?: string;
}

export interface StatementMessage {
  readonly id: number;
  readonly text: string;
  readonly values?: readonly unknown[];
}

export interface FailureMessage {
  readonly message: string;
  readonly code?: string;
  readonly detail?: string;
  /** The database cannot go on after this one: it has to be opened anew. */
  readonly isFatal: boolean;
}

export type AnswerMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly failure: FailureMessage }
  | { readonly type: 'rows'; readonly id: number; readonly rows: object[] }
  | { readonly type: 'error'; readonly id: number; readonly failure: FailureMessage };
