/** Reads a configuration from disk. */

import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { MAX_FILE_BYTES } from './document.ts';
import { type ParseOptions, type ParseResult, parseConfig } from './parse-config.ts';
import type { ReadFile } from './resolution.ts';

export type LoadOptions = ParseOptions;

/** `env` is `process.env` and files are read from disk, relative to the configuration's folder, unless `options` say otherwise. */
export function loadConfig(path: string, options: LoadOptions = {}): ParseResult {
  const text = readText(path);
  if (!text.ok) return unreadable(path, text.reason);
  return parseConfig(text.text, { env: process.env, readFile: filesBeside(path), ...options });
}

/** Reads secrets' files relative to the folder of the configuration at `path`. */
export function filesBeside(path: string): ReadFile {
  const folder = dirname(resolve(path));
  return (file) => readFileSync(resolve(folder, file), 'utf8');
}

type ReadText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: string };

/** The text of the file; one far too large is not read at all. */
export function readText(path: string): ReadText {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    const stat = fstatSync(descriptor);
    if (stat.size > MAX_FILE_BYTES) {
      return { ok: false, reason: `it has ${stat.size} bytes, allowed are at most ${MAX_FILE_BYTES}` };
    }
    return decode(readFileSync(descriptor));
  } catch (error) {
    return { ok: false, reason: (error as NodeJS.ErrnoException).code ?? String(error) };
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

function decode(bytes: Uint8Array): ReadText {
  try {
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { ok: false, reason: 'it is not UTF-8 text' };
  }
}

export function unreadable(path: string, reason: string): ParseResult & { readonly ok: false } {
  const message = `the file ${JSON.stringify(path)} cannot be read: ${reason}`;
  return { ok: false, problems: [{ path: '', line: 1, column: 1, message }], warnings: [] };
}
