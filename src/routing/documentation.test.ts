import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { routingReference } from './documentation.ts';
import { PRESET_NAMES } from './presets.ts';
import { FILTER_NAMES, PICKER_NAMES, SCORER_NAMES } from './registry.ts';

const guide = readFileSync(new URL('../../docs/routing.md', import.meta.url), 'utf8');
const MARK = '<!-- reference: made by `routingReference()` -->\n\n';

describe('docs/routing.md', () => {
  it('has the reference as the definitions have it', () => {
    expect(guide.split(MARK)[1]).toBe(routingReference());
  });

  it.each([...FILTER_NAMES, ...SCORER_NAMES, ...PICKER_NAMES, ...PRESET_NAMES])('lists %s', (name) => {
    expect(guide).toContain(`| \`${name}\` |`);
  });

  it('has a formula for every scorer of our own', () => {
    for (const name of SCORER_NAMES.filter((each) => !/^s[12]/.test(each))) {
      expect(guide.split(MARK)[0]).toContain(`\`${name}\``);
    }
  });
});
