/** One look after the other at a configuration file, and what follows from each; knows no timers. */

import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type ConfigChange, compareConfigs } from './changes.ts';
import type { Config } from './config.ts';
import { filesBeside, type LoadOptions, readText, unreadable } from './load-config.ts';
import { type ParseResult, parseConfig } from './parse-config.ts';
import type { ConfigProblem } from './problem.ts';

/** Neither may throw. */
export interface ReloadHandlers {
  /** The file is valid and says something else than before. */
  onChange(config: Config, change: ConfigChange, warnings: readonly ConfigProblem[]): void;
  /** The file changed and is not valid, or is gone; the configuration before stays in force. */
  onError(problems: readonly ConfigProblem[]): void;
}

export class ConfigReloader {
  readonly #path: string;
  readonly #handlers: ReloadHandlers;
  readonly #options: LoadOptions;
  #current: Config;
  /** Secrets' files that the last reading used; a rotated secret is a change too. */
  #secretFiles = new Set<string>();
  /** What the last look saw, and what the last reading was of. */
  #seen = '';
  #applied = '';
  #contentHash = '';

  private constructor(path: string, initial: Config, handlers: ReloadHandlers, options: LoadOptions) {
    this.#path = path;
    this.#current = initial;
    this.#handlers = handlers;
    this.#options = options;
  }

  /** `initial` is what was loaded from `path`; a change between that and now is found by the next looks. */
  static async start(
    path: string,
    initial: Config,
    handlers: ReloadHandlers,
    options: LoadOptions = {},
  ): Promise<ConfigReloader> {
    const reloader = new ConfigReloader(path, initial, handlers, options);
    const before = await reloader.#fingerprint();
    const result = reloader.#read();
    // Reading tells which files hold secrets; from now on they are looked at too.
    if (result.ok && compareConfigs(initial, result.config).changed.length === 0) {
      reloader.#applied = reloader.#secretFiles.size === 0 ? before : await reloader.#fingerprint();
    } else reloader.#contentHash = '';
    return reloader;
  }

  get current(): Config {
    return this.#current;
  }

  /** Looks at the file; reads it once two looks in a row saw the same new state, so that nobody is caught half-way writing. */
  async poll(): Promise<void> {
    const now = await this.#fingerprint();
    const isSettled = now === this.#seen;
    this.#seen = now;
    if (isSettled && now !== this.#applied) await this.#take(false);
  }

  /** Reads the file now, changed or not: what SIGHUP and the admin call ask for. */
  async reload(): Promise<ParseResult> {
    return await this.#take(true);
  }

  async #take(isForced: boolean): Promise<ParseResult> {
    const hashBefore = this.#contentHash;
    const before = await this.#fingerprint();
    const result = this.#read();
    const after = await this.#fingerprint();
    // Written while it was being read, or other secrets' files now: the next looks decide.
    this.#applied = before === after ? after : '';
    this.#seen = after;
    if (!isForced && this.#contentHash === hashBefore) return result;
    if (!result.ok) {
      this.#handlers.onError(result.problems);
      return result;
    }
    const change = compareConfigs(this.#current, result.config);
    this.#current = result.config;
    this.#handlers.onChange(result.config, change, result.warnings);
    return result;
  }

  #read(): ParseResult {
    const hash = createHash('sha256');
    const text = readText(this.#path);
    if (!text.ok) {
      this.#contentHash = `unreadable: ${text.reason}`;
      return unreadable(this.#path, text.reason);
    }
    hash.update(text.text);
    const readFile = this.#options.readFile ?? filesBeside(this.#path);
    this.#secretFiles = new Set();
    const result = parseConfig(text.text, {
      env: process.env,
      ...this.#options,
      readFile: (file) => {
        this.#secretFiles.add(resolve(dirname(resolve(this.#path)), file));
        const content = readFile(file);
        hash.update(`\0${file}\0${content}`);
        return content;
      },
    });
    this.#contentHash = hash.digest('hex');
    return result;
  }

  async #fingerprint(): Promise<string> {
    const files = [this.#path, ...this.#secretFiles];
    return (await Promise.all(files.map(fingerprintOf))).join('\n');
  }
}

/** Changes whenever the file is written, replaced or removed; follows links, as Kubernetes swaps those. */
async function fingerprintOf(path: string): Promise<string> {
  try {
    const { mtimeMs, ctimeMs, size, ino } = await stat(path);
    return [path, mtimeMs, ctimeMs, size, ino].join(' ');
  } catch (error) {
    return `${path} ${(error as NodeJS.ErrnoException).code}`;
  }
}
