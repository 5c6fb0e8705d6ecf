/** Reads a metrics page with a parser that is not ours. */

import { createRequire } from 'node:module';

interface ParsedSample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: string;
}

interface ParsedFamily {
  readonly name: string;
  readonly metrics: readonly ParsedSample[];
}

export interface MetricHead {
  readonly name: string;
  readonly help: string;
  readonly type: string;
}

type Labels = Readonly<Record<string, string>>;

const parse: (page: string) => ParsedFamily[] = createRequire(import.meta.url)(
  'parse-prometheus-text-format',
);

export interface MetricsPage {
  /** Name, help and type of each metric, in the page's order. */
  readonly heads: readonly MetricHead[];
  /** Every sample's name and labels; a histogram's are its `_bucket`, `_sum` and `_count`. */
  samples(name: string, labels?: Labels): readonly ParsedSample[];
  /** The value of the one sample of `name` that has at least these labels. */
  value(name: string, labels?: Labels): number;
}

export function readMetricsPage(text: string): MetricsPage {
  const samplesByName = new Map<string, ParsedSample[]>();
  // The parser joins a histogram's series into one whatever their labels; without heads it takes each line for itself.
  for (const { name, metrics } of parse(text.replace(/^# .*\n/gm, ''))) {
    samplesByName.set(name, [...(samplesByName.get(name) ?? []), ...metrics]);
  }
  const samples = (name: string, labels: Labels = {}) =>
    (samplesByName.get(name) ?? []).filter((sample) =>
      Object.entries(labels).every(([label, value]) => sample.labels?.[label] === value),
    );
  return {
    heads: headsOf(text),
    samples,
    value(name, labels) {
      const found = samples(name, labels);
      if (found.length !== 1) {
        throw new Error(`${found.length} samples of ${name} ${JSON.stringify(labels)}, wanted 1`);
      }
      return Number(found[0]!.value);
    },
  };
}

function headsOf(text: string): MetricHead[] {
  return [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE (\S+) (\S+)$/gm)].map(
    ([, name, help, typedName, type]) => {
      if (name !== typedName) throw new Error(`help of ${name} is followed by the type of ${typedName}`);
      return { name: name!, help: help!, type: type! };
    },
  );
}
