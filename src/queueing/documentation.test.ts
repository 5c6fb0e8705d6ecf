import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { POLICIES } from './policies.ts';

const text = readFileSync(new URL('../../docs/policies.md', import.meta.url), 'utf8');
const sections = new Map(
  text
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')).replaceAll('`', ''), section]),
);

describe('docs/policies.md', () => {
  it.each(POLICIES)('has $name in its overview, and a section of its own', ({ name }) => {
    expect(text).toContain(`| \`${name}\` |`);
    expect(sections.has(name)).toBe(true);
  });

  it.each(POLICIES)(
    'has the parameters of $name with their defaults, and no others',
    ({ name, parameters }) => {
      const rows = sections.get(name)!.matchAll(/^\| `(\w+)` \| ?(.*?) ?\|/gm);
      const documented = Object.fromEntries(Array.from(rows, ([, parameter, value]) => [parameter, value]));
      const actual = Object.entries(parameters).map(([parameter, spec]) => [
        parameter,
        typeof spec.default === 'object' ? JSON.stringify(spec.default) : String(spec.default),
      ]);
      expect(documented).toEqual(Object.fromEntries(actual));
    },
  );
});
