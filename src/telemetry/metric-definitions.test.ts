import { describe, expect, it } from 'vitest';
import { METRICS, type MetricDefinition } from './metric-definitions.ts';

/** Prometheus' conventions as `promtool check metrics` asks for them, and our own. */
const BASE_UNITS = ['seconds', 'bytes', 'ratio', 'tokens', 'info', 'total'];
const OTHER_UNITS =
  /_(milliseconds|microseconds|minutes|hours|kilobytes|megabytes|percent|percentage|ms|us)(_|$)/;
/** Gauges that count things are named by the plural of what they count. */
const COUNTED = /(requests|instances|failures|tasks)(_|$)/;
const RESERVED_LABELS = ['le', 'quantile', 'job', 'instance'];

const entries = Object.entries<MetricDefinition>(METRICS);

describe.each(entries)('%s', (name, { type, help, labels, buckets }) => {
  it('has a well-formed name of ours', () => {
    expect(name).toMatch(/^signalbox_[a-z][a-z0-9]*(_[a-z0-9]+)*$/);
    expect(name).not.toMatch(OTHER_UNITS);
  });

  it('ends in _total exactly when it is a counter', () => {
    expect(name.endsWith('_total')).toBe(type === 'counter');
  });

  it('does not end like a part of a histogram, or in its own type', () => {
    expect(name).not.toMatch(/_(count|sum|bucket|counter|gauge|histogram|summary)$/);
  });

  it('explains itself in a sentence without line breaks', () => {
    expect(help).toMatch(/^[A-Z0-9][^\n\\]+[.]$/);
  });

  it('has well-formed labels that Prometheus does not set itself', () => {
    expect(new Set(labels).size).toBe(labels.length);
    for (const label of labels) {
      expect(label).toMatch(/^[a-z][a-z_]*$/);
      expect(RESERVED_LABELS).not.toContain(label);
    }
  });

  it('has ascending buckets exactly when it is a histogram, in seconds', () => {
    expect(buckets !== undefined).toBe(type === 'histogram');
    if (buckets === undefined) return;
    expect(name).toMatch(/_seconds$/);
    expect([...buckets].sort((a, b) => a - b)).toEqual(buckets);
    expect(new Set(buckets).size).toBe(buckets.length);
    expect(buckets.every((bound) => Number.isFinite(bound) && bound > 0)).toBe(true);
  });
});

describe('gauges', () => {
  const gauges = entries.filter(([, { type }]) => type === 'gauge').map(([name]) => name);
  /** States of things rather than amounts of something; of a policy's figures only its author knows the units. */
  const UNITLESS = /_(successful|stale|state|rate|open|running|waiting|in_flight|figure)$/;

  it.each(gauges)('%s names its unit or what it counts', (name) => {
    const isUnit = BASE_UNITS.some((unit) => name.endsWith(`_${unit}`));
    expect(isUnit || COUNTED.test(name) || UNITLESS.test(name)).toBe(true);
  });
});
