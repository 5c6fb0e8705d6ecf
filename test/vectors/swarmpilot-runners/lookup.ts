/** Records of a table that are for a model and a place. */

import { LookupTable, parseLookupTable } from '../../../src/prediction/index.ts';
import { drawsFrom } from './draws.ts';
import { type Check, differencesOf } from './verdict.ts';

interface RawRecord {
  readonly model_type?: string;
  readonly model_info?: Readonly<Record<string, string>>;
}

interface Input {
  readonly table: readonly RawRecord[];
  readonly model_type: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly lcg_seed?: number;
}

interface Expected {
  readonly match_indexes: readonly number[];
  readonly selected_index: number | null;
}

const FAULT =
  'fault S16: a record of the model’s type counts there even where it was measured on other hardware or software';

const UNREADABLE =
  'a file that is not there, or no table, counts as an empty one there and is a mistake here';

export const checkLookup: Check = ({ input, expect }) => {
  const { table, model_type, metadata, lcg_seed = 0 } = input as Input;
  const { match_indexes, selected_index } = expect as Expected;
  const text = JSON.stringify(table);
  const lookup = new LookupTable(parseLookupTable(text, 'json'));
  const found = lookup.matches(model_type, metadata);
  const ours = new Set(found);
  const theirsOnly = match_indexes.filter((index) => !ours.has(index));
  const differences = differencesOf(found, match_indexes);
  if (theirsOnly.length > 0 && found.length + theirsOnly.length === match_indexes.length) {
    const areFaulty = theirsOnly.every(
      (index) => table[index]?.model_type === model_type && isElsewhere(table[index], metadata),
    );
    if (areFaulty) return { skip: FAULT };
  }
  if (differences.length > 0) return { differences };
  const records = parseLookupTable(text, 'json');
  const drawn = lookup.draw(model_type, metadata, drawsFrom(lcg_seed));
  const wanted = selected_index === null ? undefined : records[selected_index];
  return { differences: differencesOf(drawn ?? null, wanted ?? null) };
};

/** Whether the record says that it was measured somewhere else. */
function isElsewhere({ model_info }: RawRecord, metadata: Input['metadata']): boolean {
  const fields = {
    name: 'model_name',
    hardware: 'hardware',
    software_name: 'software_name',
    software_version: 'software_version',
  };
  return Object.entries(fields).some(([own, given]) => {
    const wanted = metadata[given];
    return (
      wanted !== undefined && wanted !== '' && model_info?.[own] !== undefined && model_info[own] !== wanted
    );
  });
}

export const checkLookupStatistics: Check = ({ input, expect }) => {
  const { table } = input as Partial<Input>;
  if (table === undefined) return { skip: UNREADABLE };
  const lookup = new LookupTable(parseLookupTable(JSON.stringify(table), 'json'));
  return { differences: differencesOf(lookup.statistics(), expect) };
};
