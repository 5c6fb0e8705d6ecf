/** All series of the metrics table, and their page in Prometheus' text format. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { bucketBounds, HistogramCell, type MetricCell, NumberCell } from './metric-cells.ts';
import { METRICS, type MetricDefinition, type MetricName, type MetricNameOf } from './metric-definitions.ts';

/** The series of one metric, one for each combination of label values. */
export interface MetricFamily<Cell extends MetricCell> {
  /** The series with these label values, in the order of the definition's labels; made when it is new. */
  cell(...labelValues: readonly string[]): Cell;
  /** Forgets every series. */
  clear(): void;
  /** Forgets the series whose `label` has `value`. */
  forget(label: string, value: string): void;
}

/**
 * Why not prom-client for these: one observation is a property access and an addition here (prom-client looks the labels up by a
 * string it builds each time), and a page of 1,000 instances is written in slices that let requests through in between.
 */
export interface MetricStore {
  number(name: MetricNameOf<'counter' | 'gauge'>): MetricFamily<NumberCell>;
  histogram(name: MetricNameOf<'histogram'>): MetricFamily<HistogramCell>;
  /** Forgets the series of every metric whose `label` has `value`. */
  forget(label: string, value: string): void;
  text(): Promise<string>;
}

/** Longest time that writing the page holds up the event loop, milliseconds. */
const SLICE_MS = 2;
/** Lines written between two looks at the clock, and a series more. */
const PIECE_LINES = 1000;

export function createMetricStore(): MetricStore {
  const families = new Map<string, Family<NumberCell> | Family<HistogramCell>>();
  for (const [name, definition] of Object.entries<MetricDefinition>(METRICS)) {
    families.set(name, familyOf(name, definition));
  }
  const familyNamed = (name: MetricName) => families.get(name)!;
  return {
    number: (name) => familyNamed(name) as Family<NumberCell>,
    histogram: (name) => familyNamed(name) as Family<HistogramCell>,
    forget(label, value) {
      for (const family of families.values()) family.forget(label, value);
    },
    async text() {
      let page = '';
      let sliceStartedMs = performance.now();
      for (const family of families.values()) {
        for (const piece of family.pieces()) {
          page += piece;
          if (performance.now() - sliceStartedMs < SLICE_MS) continue;
          await nextTurn();
          sliceStartedMs = performance.now();
        }
      }
      return page;
    },
  };
}

function familyOf(name: string, definition: MetricDefinition): Family<NumberCell> | Family<HistogramCell> {
  if (definition.buckets === undefined) return new Family(name, definition, () => new NumberCell());
  const bounds = bucketBounds(definition.buckets);
  return new Family(name, definition, () => new HistogramCell(bounds));
}

interface Series<Cell> {
  readonly labelValues: readonly string[];
  /** `a="b",c="d"`, escaped. */
  readonly labelText: string;
  readonly cell: Cell;
}

class Family<Cell extends MetricCell> implements MetricFamily<Cell> {
  readonly #name: string;
  readonly #definition: MetricDefinition;
  readonly #makeCell: () => Cell;
  readonly #series = new Map<string, Series<Cell>>();

  constructor(name: string, definition: MetricDefinition, makeCell: () => Cell) {
    this.#name = name;
    this.#definition = definition;
    this.#makeCell = makeCell;
    this.#addUnlabelled();
  }

  cell(...labelValues: readonly string[]): Cell {
    const { labels } = this.#definition;
    if (labelValues.length !== labels.length) {
      throw new RangeError(
        `${this.#name} has the labels [${labels.join(', ')}]; found ${labelValues.length} values`,
      );
    }
    const key = labelValues.join('\u0000');
    const known = this.#series.get(key);
    if (known !== undefined) return known.cell;
    const labelText = labels
      .map((label, index) => `${label}="${escapeLabelValue(labelValues[index]!)}"`)
      .join();
    const cell = this.#makeCell();
    this.#series.set(key, { labelValues, labelText, cell });
    return cell;
  }

  clear(): void {
    this.#series.clear();
    this.#addUnlabelled();
  }

  forget(label: string, value: string): void {
    const index = this.#definition.labels.indexOf(label);
    if (index === -1) return;
    for (const [key, series] of this.#series) {
      if (series.labelValues[index] === value) this.#series.delete(key);
    }
  }

  /** The metric's part of the page, in pieces that are quick to make. */
  *pieces(): Generator<string> {
    const { help, type } = this.#definition;
    let lines = [`# HELP ${this.#name} ${help}`, `# TYPE ${this.#name} ${type}`];
    for (const { cell, labelText } of this.#series.values()) {
      cell.appendTo(lines, this.#name, labelText);
      if (lines.length < PIECE_LINES) continue;
      yield `${lines.join('\n')}\n`;
      lines = [];
    }
    if (lines.length > 0) yield `${lines.join('\n')}\n`;
  }

  /** A metric without labels has its one series from the start, so that it reads 0 rather than being absent. */
  #addUnlabelled(): void {
    if (this.#definition.labels.length === 0) this.cell();
  }
}

function escapeLabelValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
