/** Reads the file from disk, at the start and whenever it changes. */

import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { type Repetition, repeat, type Surroundings } from '../../../engines/index.ts';
import { compareFiles, type FileChanges, requireReloadable } from './changes.ts';
import { ConfigurationError } from './configuration-error.ts';
import { type ParsedFile, parseSchedulerFile } from './parse-scheduler-file.ts';
import { type ReadySettings, toF5Settings } from './settings.ts';
import type { Environment } from './values.ts';

export interface LoadedFile extends ReadySettings {
  readonly file: ParsedFile['file'];
}

/** @throws ConfigurationError when the file is missing or wrong */
export async function loadF5File(path: string, env: Environment = process.env): Promise<LoadedFile> {
  return interpret(await readText(path), env);
}

/** The same from its text. @throws ConfigurationError when it is wrong */
export function readF5Settings(text: string, env: Environment = process.env): LoadedFile {
  return interpret(text, env);
}

export interface WatchF5Options {
  /** What is in force. */
  readonly initial: LoadedFile;
  readonly env?: Environment;
  readonly surroundings: Surroundings;
  onChange(loaded: LoadedFile, changes: FileChanges): void;
  /** The file cannot be used; what was in force stays, and the file is looked at again only when it changes. */
  onError(error: Error): void;
}

/**
 * Looks at the file in the interval that it names. Only a file whose content is another is read; times of modification
 * alone say nothing, as a mounted file may be replaced by an older one.
 */
export function watchF5File(path: string, options: WatchF5Options): Repetition {
  const { env = process.env, surroundings, onChange, onError } = options;
  let current = options.initial;
  let lastStamp: string | undefined | null = null;
  let lastHash: string | undefined;

  async function look(): Promise<void> {
    const stamp = await stampOf(path);
    if (stamp === lastStamp) return;
    lastStamp = stamp;
    const text = await readText(path);
    const hash = createHash('sha256').update(text).digest('hex');
    if (hash === lastHash) return;
    lastHash = hash;
    const next = interpret(text, env);
    const changes = compareFiles(current.file, next.file);
    if (!Object.values(changes).includes(true)) return;
    requireReloadable(next.file);
    current = next;
    onChange(next, changes);
  }

  const work = () => look().catch((error: unknown) => onError(asError(error)));
  const intervalMs = () => current.settings.reloadIntervalMs;
  return repeat(work, { intervalMs, firstDelayMs: intervalMs(), jitterShare: 0 }, surroundings);
}

async function stampOf(path: string): Promise<string | undefined> {
  try {
    const { mtimeMs, size, ino } = await stat(path);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return undefined;
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new ConfigurationError(`Configuration file loading failed: ${asError(error).message}`);
  }
}

function interpret(text: string, env: Environment): LoadedFile {
  const { file, warnings } = parseSchedulerFile(text, env);
  const ready = toF5Settings(file);
  return { file, settings: ready.settings, warnings: [...warnings, ...ready.warnings] };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
