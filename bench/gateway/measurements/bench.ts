/** What every measurement is given. */

import type { Contender, ContenderName } from '../contender.ts';
import type { Settings } from '../options.ts';
import type { Rig } from '../rig/rig.ts';
import type { Rows } from './rows.ts';

export interface Bench {
  readonly settings: Settings;
  readonly rig: Rig;
  readonly rows: Rows;
  /** Those that run, in the order of the report. */
  readonly contenders: readonly Contender[];
  /** Another one of the kind, in which nothing has happened yet; the caller stops it. */
  startFresh(name: ContenderName): Promise<Contender>;
  /** Tells a person what is going on. */
  say(text: string): void;
}

/** Runs it, and where it fails writes down why instead of ending the whole benchmark. */
export async function orSkip(
  { rows, say }: Bench,
  { name }: Pick<Contender, 'name'>,
  measurement: string,
  measure: () => Promise<void>,
): Promise<void> {
  try {
    await measure();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    rows.skipped.push({ contender: name, measurement, reason });
    say(`  ${name}: ${measurement} could not be measured: ${reason}`);
  }
}
