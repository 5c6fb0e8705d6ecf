import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { RESTART_KEYS } from './changes.ts';
import { configJsonSchema, type JsonSchema } from './json-schema.ts';
import { parseConfig } from './parse-config.ts';
import { configReference, referenceEntries } from './reference.ts';

const guide = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');

describe('docs/configuration.md', () => {
  it('has the reference as the schema has it (print it with `signalbox schema --markdown`)', () => {
    const [, written] = guide.split('<!-- reference: made by `signalbox schema --markdown` -->\n\n');
    expect(written?.trim()).toBe(configReference().trim());
  });

  it.each(RESTART_KEYS)('says that %s needs a restart', (key) => {
    expect(guide).toContain(`- \`${key}\`\n`);
  });

  it.each([...guide.matchAll(/```yaml\n(.*?)```/gs)].map(([, block]) => block ?? ''))(
    'shows valid YAML: %j',
    (block) => {
      expect(parseConfig(block)).toMatchObject({ ok: true });
    },
  );

  it.each(referenceEntries(configJsonSchema(), ''))('tells of $path', ({ path }) => {
    const section = path.split(/[.[]/)[0];
    expect(guide).toContain(`### \`${section}\``);
    expect(guide).toContain(path);
  });
});

describe('the reference', () => {
  const schema: JsonSchema = {
    properties: {
      seed: { type: 'integer', description: 'Seed. Default: another at each start.' },
      box: {
        type: 'object',
        description: 'A box.',
        properties: {
          sizeBytes: { type: 'integer', minimum: 1, default: 5, description: 'Its size.' },
          lids: {
            type: 'array',
            items: { properties: { colour: { enum: ['red', 'blue'], default: 'red' } } },
          },
        },
      },
    },
  };

  it('has a table for each section, with what may be written and what holds otherwise', () => {
    expect(configReference(schema)).toBe(
      [
        '### `seed`',
        '',
        'Seed.',
        '',
        '| key | what it may be | default | what it does |',
        '|---|---|---|---|',
        '| `seed` | a whole number | another at each start | Seed. |',
        '',
        '### `box`',
        '',
        'A box.',
        '',
        '| key | what it may be | default | what it does |',
        '|---|---|---|---|',
        '| `box.sizeBytes` | a whole number of bytes of at least 1 | `5` | Its size. |',
        '| `box.lids` | a list of texts |  |  |',
        '| `box.lids[].colour` | one of red, blue | `red` |  |',
        '',
      ].join('\n'),
    );
  });

  it('names elements and names of one’s own', () => {
    const paths = referenceEntries(configJsonSchema(), '').map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining(['instances[].url', 'aliases.<name>[].weight', 'models.<name>.priority']),
    );
    expect(new Set(paths).size).toBe(paths.length);
  });
});
