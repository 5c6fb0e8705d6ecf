/** `examples/haproxy/` with other addresses, so that what is shipped is what is tested. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const EXAMPLE = join(import.meta.dirname, '../../../examples/haproxy');

/** What takes the place of each of these pieces of a file. */
export type Substitutions = Readonly<Record<string, string>>;

export interface ExampleCopy {
  readonly folder: string;
  remove(): void;
}

/** HAProxy's part of the example: its configuration and the Lua file beside it. */
export function copyExample(inConfig: Substitutions, inLua: Substitutions = {}): ExampleCopy {
  const folder = mkdtempSync(join(tmpdir(), 'haproxy-'));
  writeFileSync(join(folder, 'haproxy.cfg'), exampleText('haproxy.cfg', inConfig));
  writeFileSync(join(folder, 'signalbox.lua'), exampleText('signalbox.lua', inLua));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export function exampleText(file: string, substitutions: Substitutions = {}): string {
  return substitute(readFileSync(join(EXAMPLE, file), 'utf8'), substitutions);
}

/** A piece that is missing, or there twice, means that the example is no longer what the test thinks it is. */
export function substitute(text: string, substitutions: Substitutions): string {
  let result = text;
  for (const [piece, replacement] of Object.entries(substitutions)) {
    const parts = result.split(piece);
    if (parts.length !== 2) {
      throw new RangeError(`found ${JSON.stringify(piece)} ${parts.length - 1} times, 1 is expected`);
    }
    result = parts.join(replacement);
  }
  return result;
}
