import * as conventions from '@opentelemetry/semantic-conventions/incubating';
import { describe, expect, it } from 'vitest';
import { CONVENTIONAL, OPERATIONS, OWN } from './attribute-names.ts';

const entries = Object.entries(conventions);
const known = new Set(entries.filter(([key]) => key.startsWith('ATTR_')).map(([, value]) => value));
const operations = new Set(
  entries.filter(([key]) => key.startsWith('GEN_AI_OPERATION_NAME_VALUE_')).map(([, value]) => value),
);

describe('attributes of spans', () => {
  it.each(Object.values(CONVENTIONAL))('are in the conventions: %s', (name) => {
    expect(known).toContain(name);
  });

  it.each(Object.values(OWN))('that are not in the conventions are marked as ours: %s', (name) => {
    expect(known).not.toContain(name);
    expect(name).toMatch(/^signalbox\.[a-z_.]+$/);
  });

  it('call operations as the conventions do', () => {
    const { other, ...conventional } = OPERATIONS;
    for (const name of Object.values(conventional)) expect(operations).toContain(name);
    expect(operations).not.toContain(other);
  });
});
