/** What runs vectors: records of inputs with the outputs that are right, one JSON document a line. */

/** What came of some records. Each record is counted once: passed, failed or skipped. */
export interface VectorOutcome {
  readonly passed: number;
  readonly failed: readonly { readonly id: string; readonly why: string }[];
  /** Not run, and why: for a recorded fault, its number in the specification. */
  readonly skipped: readonly { readonly id: string; readonly reason: string }[];
}

/**
 * @param lines one JSON document each; of a folder, the entries of its `index.json`
 * @param path the file or folder that they come from
 */
export type VectorRunner = (lines: readonly string[], path: string) => VectorOutcome | Promise<VectorOutcome>;

/** A runner of the records of a file, or of those of some kinds in a file that several runners share. */
export interface VectorSuite {
  /** The file's name, or the folder's. */
  readonly file: string;
  /** Whether it runs records of this `kind`; without it, the suite runs every record of the file. */
  readonly handles?: (kind: string) => boolean;
  readonly run: VectorRunner;
}
