import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MetricHead, readMetricsPage } from './__fixtures__/metrics-page.ts';
import { METRICS, type MetricDefinition } from './metric-definitions.ts';
import { createTelemetry } from './telemetry.ts';

const DOCUMENT = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');

interface Row {
  readonly name: string;
  readonly type: string;
  /** Absent in the table of what the process tells. */
  readonly labels?: readonly string[];
}

const rows: readonly Row[] = DOCUMENT.split('\n')
  .filter((line) => line.startsWith('| `signalbox_'))
  .map((line) => {
    const [name, type, ...rest] = line.split('|').slice(1, -1);
    const labels =
      rest.length === 2 ? [...rest[0]!.matchAll(/`(\w+)`/g)].map(([, label]) => label!) : undefined;
    return { name: name!.trim().replaceAll('`', ''), type: type!.trim(), ...(labels && { labels }) };
  });

const telemetry = createTelemetry({ version: '1.2.3' });
let heads: readonly MetricHead[];

beforeAll(async () => {
  heads = readMetricsPage(await telemetry.metricsText()).heads;
});

afterAll(() => telemetry.stop());

describe('docs/metrics.md', () => {
  it('lists every metric of the page with its type', () => {
    const listed = new Map(rows.map(({ name, type }) => [name, type]));
    for (const { name, type } of heads) expect(listed.get(name), name).toBe(type);
  });

  it('lists no metric that does not exist', () => {
    const existing = new Set(heads.map(({ name }) => name));
    const isEverywhere = (name: string) => process.platform === 'linux' || !name.includes('_process_');
    expect(rows.map(({ name }) => name).filter((name) => isEverywhere(name) && !existing.has(name))).toEqual(
      [],
    );
  });

  it('lists each metric once', () => {
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
  });

  it.each(Object.entries<MetricDefinition>(METRICS))('gives %s the labels it has', (name, { labels }) => {
    expect(rows.find((row) => row.name === name)?.labels).toEqual(labels);
  });

  const queries = [...DOCUMENT.matchAll(/```promql\n(.*?)```/gs)]
    .flatMap(([, block]) => block!.split('\n'))
    .filter((line) => line.includes('signalbox_'));

  it('has queries', () => {
    expect(queries.length).toBeGreaterThan(15);
  });

  it.each(queries)('queries series and labels that exist: %s', (query) => {
    const metrics = query.match(/signalbox_[a-z0-9_]+/g)!.map((name) => {
      const definition = definitionOf(name) ?? definitionOf(name.replace(/_(bucket|sum|count)$/, ''));
      if (definition === undefined) throw new Error(`there is no ${name}`);
      return definition;
    });
    const grouped = [...query.matchAll(/(?:by|on|group_left) \(([^)]*)\)/g)].flatMap(([, list]) =>
      list!.split(', '),
    );
    const selected = [...query.matchAll(/\{(\w+)=/g)].map(([, label]) => label!);
    const existing = new Set(['le', ...metrics.flatMap(({ labels }) => labels)]);
    expect([...grouped, ...selected].filter((label) => !existing.has(label))).toEqual([]);
  });
});

function definitionOf(name: string): MetricDefinition | undefined {
  return Object.entries<MetricDefinition>(METRICS).find(([each]) => each === name)?.[1];
}
