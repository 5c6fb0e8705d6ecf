/** Runs all vectors below a folder. */

import { join } from 'node:path';
import { findVectors } from './find-vectors.ts';
import { runVectorFile } from './run-file.ts';
import type { VectorOutcome, VectorSuite } from './runner.ts';

export interface FileReport extends VectorOutcome {
  /** Relative to the folder. */
  readonly file: string;
}

export interface FolderReport {
  readonly folder: string;
  readonly files: readonly FileReport[];
  /** Data of names that no suite is for. */
  readonly notRun: readonly string[];
}

export async function runVectorFolder(
  folder: string,
  knownNames: readonly string[],
  suites: readonly VectorSuite[],
): Promise<FolderReport> {
  const { known, unknown } = findVectors(folder, knownNames);
  const files: FileReport[] = [];
  // One after the other: runners open sockets and change the environment.
  for (const file of known) files.push({ file, ...(await report(join(folder, file), suites)) });
  return { folder, files, notRun: unknown };
}

async function report(path: string, suites: readonly VectorSuite[]): Promise<VectorOutcome> {
  try {
    return await runVectorFile(path, suites);
  } catch (error) {
    const why = `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    return { passed: 0, failed: [{ id: path, why }], skipped: [] };
  }
}

/** Nothing failed, and something was there to run. */
export function isGood({ files }: FolderReport): boolean {
  return files.length > 0 && files.every(({ failed }) => failed.length === 0);
}
