/** What the steps that resolve a file share: the world they may ask, and where they report what they find. */

import type { Environment } from './interpolation.ts';
import type { KnownNames } from './names.ts';
import { type ConfigPath, formatPath } from './problem.ts';
import { Secret } from './secret.ts';

export interface Finding {
  readonly path: ConfigPath;
  readonly severity: 'mistake' | 'warning';
  /** Whether it concerns the key rather than its value. */
  readonly isAboutKey: boolean;
  readonly message: string;
  readonly found?: string;
  readonly allowed?: string;
  readonly suggestion?: string;
}

type FindingInit = Pick<Finding, 'path' | 'message'> & Partial<Finding>;

/** Reads a file named by the configuration; throws what `node:fs` throws. */
export type ReadFile = (path: string) => string;

/** PEM files have lines; what goes into a header must not. */
const MAY_HAVE_LINES: ReadonlySet<string> = new Set(['ca', 'cert', 'key']);

export class Resolution {
  readonly findings: Finding[] = [];
  readonly names: KnownNames;
  readonly #env: Environment;
  readonly #readFile: ReadFile;

  constructor(names: KnownNames, env: Environment, readFile: ReadFile) {
    this.names = names;
    this.#env = env;
    this.#readFile = readFile;
  }

  mistake(finding: FindingInit): void {
    this.findings.push({ severity: 'mistake', isAboutKey: false, ...finding });
  }

  warn(finding: FindingInit): void {
    this.findings.push({ severity: 'warning', isAboutKey: false, ...finding });
  }

  /** Reports as a mistake at `path` what `make` throws as a `RangeError`. */
  attempt(path: ConfigPath, make: () => unknown): void {
    try {
      make();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.mistake({ path, message: error.message });
    }
  }

  /** The secret that `section` gives as `name`, `name_env` or `name_file`. */
  secret<Name extends string>(
    section: { readonly [Key in Name | `${Name}_env` | `${Name}_file`]?: string | undefined },
    name: Name,
    path: ConfigPath,
  ): Secret | undefined {
    const given = ([name, `${name}_env`, `${name}_file`] as const).filter(
      (key) => section[key] !== undefined,
    );
    const [key, second] = given;
    if (key === undefined) return undefined;
    if (second !== undefined) {
      const message = `${formatPath([...path, key])} and ${second} are both given; one of them is allowed`;
      this.mistake({ path: [...path, second], isAboutKey: true, message, allowed: 'only one of them' });
    }
    const value = this.#secretValue(key.slice(name.length), section[key] as string, [...path, key]);
    if (value === undefined) return undefined;
    if (!MAY_HAVE_LINES.has(name) && /\p{Cc}/u.test(value)) {
      this.mistake({
        path: [...path, key],
        message: `${formatPath([...path, key])} holds a line break or another control character`,
      });
      return undefined;
    }
    return new Secret(value);
  }

  #secretValue(suffix: string, given: string, path: ConfigPath): string | undefined {
    if (suffix === '_env') return this.#fromEnvironment(given, path);
    if (suffix === '_file') return this.#fromFile(given, path);
    return given;
  }

  #fromEnvironment(name: string, path: ConfigPath): string | undefined {
    const value = this.#env[name];
    if (value) return value;
    // Somebody may have written the secret itself in place of the variable's name.
    const shown = /^[A-Z][A-Z0-9_]*$/.test(name) ? name : 'it names';
    const state = value === undefined ? 'is not set' : 'is empty';
    const message = `${formatPath(path)}: the environment variable ${shown} ${state}`;
    this.mistake({ path, message, found: state.slice(3), allowed: 'a variable that is set' });
    return undefined;
  }

  #fromFile(file: string, path: ConfigPath): string | undefined {
    let content: string;
    try {
      content = this.#readFile(file).trim();
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? String(error);
      const message = `${formatPath(path)}: the file ${JSON.stringify(file)} cannot be read (${reason})`;
      this.mistake({ path, message, found: reason, allowed: 'a file that can be read' });
      return undefined;
    }
    if (content !== '') return content;
    this.mistake({
      path,
      message: `${formatPath(path)}: the file ${JSON.stringify(file)} is empty`,
      found: 'an empty file',
    });
    return undefined;
  }
}
