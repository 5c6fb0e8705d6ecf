/** Tables of the built-in parts and presets in Markdown, from their definitions, for `docs/routing.md`. */

import type { ParameterSpec } from '../domain/index.ts';
import type { PartDefinition } from './plugins.ts';
import { PRESETS } from './presets.ts';
import { FILTERS, PICKERS, SCORERS } from './registry.ts';

/** Everything below the guide's own text. */
export function routingReference(): string {
  return [
    '## Filters',
    partsTable([...FILTERS.values()]),
    '## Scorers',
    partsTable([...SCORERS.values()]),
    '## Pickers',
    partsTable([...PICKERS.values()]),
    '## Presets',
    presetsTable(),
    '',
  ].join('\n\n');
}

function partsTable(definitions: readonly PartDefinition<unknown>[]): string {
  const rows = definitions.map(({ name, describe, parameters, needs = [], uses = [] }) => [
    `\`${name}\``,
    describe,
    Object.entries(parameters).map(parameterInWords).join('<br>'),
    needs.join(', '),
    uses.join(', '),
  ]);
  return table(['name', 'what it does', 'parameters', 'needs', 'makes use of'], rows);
}

function presetsTable(): string {
  const rows = [...PRESETS.values()].map(({ name, describe, source, differs = '', scorers, picker }) => [
    `\`${name}\``,
    describe,
    [...scorers.map(({ name: scorer, weight }) => `${scorer} ${weight}`), `picker ${nameOf(picker)}`].join(
      ', ',
    ),
    source,
    differs,
  ]);
  return table(['name', 'where a request goes', 'made of', 'source', 'where it differs'], rows);
}

const nameOf = (part: string | { readonly name: string }): string =>
  typeof part === 'string' ? part : part.name;

function parameterInWords([name, spec]: [string, ParameterSpec]): string {
  return `\`${name}\` = ${JSON.stringify(spec.default)}: ${spec.describe}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}
