/** The shape of the oracle's answer, for what the tests read of it. */

declare module 'parse-prometheus-text-format' {
  interface Metric {
    readonly value?: string;
    readonly labels?: Record<string, string>;
  }

  interface MetricFamily {
    readonly name: string;
    readonly metrics: readonly Metric[];
  }

  function parse(page: string): readonly MetricFamily[];
  export = parse;
}
