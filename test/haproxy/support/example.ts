/** `examples/haproxy/` with other addresses, so that what is shipped is what is tested. */

import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const EXAMPLE = join(import.meta.dirname, '../../../examples/haproxy');

/** What takes the place of each of these pieces of the example's `haproxy.cfg`. */
export type Substitutions = Readonly<Record<string, string>>;

export interface ExampleCopy {
  readonly folder: string;
  remove(): void;
}

export function copyExample(substitutions: Substitutions): ExampleCopy {
  const folder = mkdtempSync(join(tmpdir(), 'haproxy-'));
  const config = readFileSync(join(EXAMPLE, 'haproxy.cfg'), 'utf8');
  writeFileSync(join(folder, 'haproxy.cfg'), substitute(config, substitutions));
  copyFileSync(join(EXAMPLE, 'signalbox.lua'), join(folder, 'signalbox.lua'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
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
