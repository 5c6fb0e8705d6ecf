/** What a preset is: a profile with a name, what it is for, and where it comes from. */

import type { ProfileSettings } from '../profile.ts';

export interface Preset extends ProfileSettings {
  /** In one sentence, for the documentation. */
  readonly describe: string;
  /** Whose rule it is. */
  readonly source: string;
  /** Where it is not as there. */
  readonly differs?: string;
}

/**
 * What every preset drops: instances that are full, not ready, cannot do a whole request, or failed it before. The window
 * comes first because under load it drops most.
 */
export const STANDARD_FILTERS: readonly string[] = ['window', 'health', 'role', 'not-failed'];

/** A preset with the filters and the picker that most have. */
export function preset(
  fields: Pick<Preset, 'name' | 'describe' | 'source' | 'scorers'> & Partial<Preset>,
): Preset {
  return { filters: STANDARD_FILTERS, picker: 'best', ...fields };
}
