import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { configReference } from '../config/index.ts';
import { schemaCommand, schemaText } from './schema.ts';

function printed(...args: string[]): string {
  let text = '';
  const command = schemaCommand((part) => {
    text += part;
  });
  command.parse(args, { from: 'user' });
  return text;
}

describe('signalbox schema', () => {
  it('prints the JSON Schema', () => {
    const schema = JSON.parse(printed());
    expect(schema).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      additionalProperties: false,
    });
    expect(Object.keys(schema.properties)).toEqual(
      expect.arrayContaining(['listeners', 'instances', 'routing']),
    );
  });

  it('prints the reference when asked to', () => {
    expect(printed('--markdown')).toBe(configReference());
  });

  it('prints what is in signalbox.schema.json (bring it up to date with `npm run schema`)', () => {
    const committed = readFileSync(new URL('../../signalbox.schema.json', import.meta.url), 'utf8');
    expect(committed).toBe(schemaText());
  });
});
