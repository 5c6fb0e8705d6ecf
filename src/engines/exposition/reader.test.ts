import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import parseOracle from 'parse-prometheus-text-format';
import { describe, expect, it } from 'vitest';
import { metricsFixture } from '../__fixtures__/page-server.ts';
import { createExpositionReader } from './reader.ts';

function read(page: string | Uint8Array, ...names: string[]) {
  return createExpositionReader(names.map((name) => ({ name, withLabels: true })))(page);
}

function valuesOf(page: string | Uint8Array, name: string): number[] {
  return read(page, name).map((sample) => sample.value);
}

describe('createExpositionReader', () => {
  it('reads the wanted series and no other', () => {
    const page = 'a 1\nb{x="y"} 2\nc 3\nb 4\n';
    expect(read(page, 'b', 'c').map(({ name, value }) => [name, value])).toEqual([
      ['b', 2],
      ['c', 3],
      ['b', 4],
    ]);
  });

  it('does not take a longer or a shorter name for a wanted one', () => {
    const page = 'wait_total 900\nwait_by{r="c"} 5\nwait 2\nwai 1\n';
    expect(valuesOf(page, 'wait')).toEqual([2]);
  });

  it('does not take a name with the same hash for a wanted one', () => {
    // With 31 as the multiplier these two differ in text only.
    expect(valuesOf('Aa 1\nBB 2\n', 'Aa')).toEqual([1]);
    expect(read('Aa 1\nBB 2\n', 'Aa', 'BB').map(({ name }) => name)).toEqual(['Aa', 'BB']);
  });

  it('walks past comments, blank lines and what is no sample', () => {
    const page = '# HELP m The m.\n# TYPE m gauge\n\n  \n<html>\n{"m": 1}\nm\nm 1\n# m 2\n';
    expect(valuesOf(page, 'm')).toEqual([1]);
  });

  it('reads a last line without an end, and an empty page', () => {
    expect(valuesOf('m 1', 'm')).toEqual([1]);
    expect(valuesOf('', 'm')).toEqual([]);
    expect(valuesOf('\n\n', 'm')).toEqual([]);
  });

  it('reads lines that end in CR LF, and lines that are indented', () => {
    expect(valuesOf('m{a="b"} 1\r\n  m 2\r\n\tm 3\r\n', 'm')).toEqual([1, 2, 3]);
  });

  it('reads bytes as it reads text, with labels in UTF-8', () => {
    const page = 'm{model="löwe-模型"} 1\n';
    expect(read(page, 'm')).toEqual(read(new TextEncoder().encode(page), 'm'));
    expect(read(Buffer.from(page), 'm')[0]?.labels.get('model')).toBe('löwe-模型');
  });

  it('gives labels only to the series that want them', () => {
    const readPage = createExpositionReader([
      { name: 'with', withLabels: true },
      { name: 'without', withLabels: false },
    ]);
    const samples = readPage('with{a="b"} 1\nwithout{a="b"} 2\n');
    expect(samples.map(({ labels }) => labels.size)).toEqual([1, 0]);
  });

  it('can be used again and again', () => {
    const readPage = createExpositionReader([{ name: 'm', withLabels: false }]);
    expect(readPage('m 1\n')).toHaveLength(1);
    expect(readPage('m 1\nm 2\n')).toHaveLength(2);
  });
});

const SAMPLES = new URL('../../../test/vectors/f5-metrics-samples/', import.meta.url);
const sample = (name: string) => readFileSync(new URL(`${name}.txt`, SAMPLES));

describe('pages that exist', () => {
  const RUNNING = 'vllm:num_requests_running';
  const WAITING = 'vllm:num_requests_waiting';
  const OLD_USAGE = 'vllm:gpu_cache_usage_perc';
  const NEW_USAGE = 'vllm:kv_cache_usage_perc';

  it.each([
    ['ascend-mixed', [2], [1], [], [0.9]],
    ['empty', [], [], [], []],
    ['html-error-page', [], [], [], []],
    ['mindie-percent', [], [], [], []],
    ['sglang-under-vllm-pool', [], [], [], []],
    ['vllm-brace-and-quote-in-label', [6], [2], [0.5], []],
    ['vllm-crlf', [6], [2], [0.5], []],
    ['vllm-data-parallel-four-engines', [10, 11, 0, 3], [0, 5, 0, 0], [0.5, 0.75, 0, 0.125], []],
    ['vllm-empty-labels', [3], [2], [0.5], []],
    ['vllm-missing-cache', [6], [2], [], []],
    ['vllm-no-labels', [3], [2], [0.5], []],
    ['vllm-openmetrics-exemplar', [6], [2], [0.5], []],
    ['vllm-plus-sign-and-bad-number', [3], [4], [], []],
    ['vllm-prefix-neighbours', [], [2], [0.5], []],
    ['vllm-scientific-numbers', [100], [25], [9.313225746154785e-5], []],
    ['vllm-space-before-braces', [6], [2], [0.5], []],
    ['vllm-special-values', [Number.NaN], [Number.POSITIVE_INFINITY], [-0.25], []],
    ['vllm-three-models', [4, 9, 0], [1, 0, 1], [0.1, 0.2, 0.3], []],
    ['vllm-two-names-at-once', [2], [1], [0.2], [0.9]],
    ['vllm-v0-one-model', [7], [3], [0.41568627450980394], []],
    ['vllm-v1-kv-cache-name', [12], [0], [], [0.0625]],
    ['vllm-with-timestamps', [3], [2], [0.5], []],
  ])('%s', (name, running, waiting, oldUsage, newUsage) => {
    const page = sample(name);
    expect(valuesOf(page, RUNNING)).toEqual(running);
    expect(valuesOf(page, WAITING)).toEqual(waiting);
    expect(valuesOf(page, OLD_USAGE)).toEqual(oldUsage);
    expect(valuesOf(page, NEW_USAGE)).toEqual(newUsage);
  });

  it('reads labels that hold braces, quotes and blanks', () => {
    const [first] = read(sample('vllm-brace-and-quote-in-label'), RUNNING);
    expect(Object.fromEntries(first!.labels)).toEqual({ model_name: 'we"ird}name', path: '/a{b}' });
  });
});

/** What the oracle makes of a page: every plain sample as name, labels and value. */
function oracle(page: string): string[] {
  return parseOracle(page).flatMap((family) =>
    family.metrics.flatMap((metric) =>
      metric.value === undefined ? [] : line(family.name, metric.labels ?? {}, numberOf(metric.value)),
    ),
  );
}

/** The oracle leaves values as text, infinities spelled as in the format. */
function numberOf(text: string): number {
  return Number(text.replace(/^([+-]?)Inf$/, '$1Infinity'));
}

function line(name: string, labels: Record<string, string>, value: number): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([name, sorted, String(value)]);
}

function ours(page: string, names: readonly string[]): string[] {
  return read(page, ...names).map((found) => line(found.name, Object.fromEntries(found.labels), found.value));
}

function namesOn(page: string): string[] {
  return [...new Set([...page.matchAll(/^([A-Za-z_:][\w:]*)/gm)].map((match) => match[1]!))];
}

describe('agreement with parse-prometheus-text-format', () => {
  // Histograms it folds into one object; they are compared by nothing here, being nothing that is scraped.
  const isPlain = (name: string) => !/_(bucket|sum|count)$/.test(name);

  it.each(['vllm-v1', 'vllm-v0', 'vllm-data-parallel', 'sglang', 'llamacpp', 'trtllm-serve', 'triton'])(
    'on the page of %s',
    (name) => {
      const page = metricsFixture(name);
      const expected = oracle(page);
      expect(expected.length).toBeGreaterThan(2);
      expect(ours(page, namesOn(page).filter(isPlain)).sort()).toEqual(expected.sort());
    },
  );

  it.each(
    readdirSync(SAMPLES)
      .filter((file) => /^(sglang|vllm-(v\d|three|data|no|empty|two|missing|with))/.test(file))
      .map((file) => file.replace('.txt', '')),
  )('on the sample %s', (name) => {
    const page = sample(name).toString();
    expect(ours(page, namesOn(page).filter(isPlain)).sort()).toEqual(oracle(page).sort());
  });

  it('on every page that is written by the rules', () => {
    const name = fc.constantFrom('a', 'ab', 'vllm:x', 'vllm:xy', 'z_total', 'Aa', 'BB');
    const label = fc.constantFrom('m', 'engine', 'tp_rank');
    // The oracle does not undo escapes as the format says, so its pages do without backslash, quote and line feed.
    const text = fc.stringMatching(/^[a-z {}=,#/é.-]{0,6}$/);
    const value = fc.oneof(fc.double(), fc.integer()).map((number) => {
      if (Number.isNaN(number)) return 'NaN';
      return String(number).replace('Infinity', 'Inf');
    });
    const written = fc
      .tuple(name, fc.dictionary(label, text, { noNullPrototype: true }), value, fc.boolean())
      .map(([metric, labels, number, isStamped]) => {
        const inside = Object.entries(labels).map(([key, content]) => `${key}="${content}"`);
        const braces = inside.length > 0 ? `{${inside.join(',')}}` : '';
        return `${metric}${braces} ${number}${isStamped ? ' 1712345678000' : ''}`;
      });
    // A page names each series once; what a repeated one means the format does not say.
    const seriesOf = (line: string) => line.replace(/ \S+( 1712345678000)?$/, '');
    fc.assert(
      fc.property(fc.uniqueArray(written, { maxLength: 12, selector: seriesOf }), (lines) => {
        const page = `${lines.join('\n')}\n`;
        expect(ours(page, namesOn(page)).sort()).toEqual(oracle(page).sort());
      }),
    );
  });
});

describe('hostile pages', () => {
  const readPage = createExpositionReader([{ name: 'm', withLabels: true }]);

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        for (const found of readPage(bytes)) expect(typeof found.value).toBe('number');
      }),
    );
  });

  it('survives any mixture of what samples are made of', () => {
    const piece = fc.constantFrom(
      'm',
      '{',
      '}',
      '"',
      '\\',
      '=',
      ',',
      ' ',
      '\t',
      '\n',
      '\r',
      '1',
      '.',
      'e',
      '#',
      'NaN',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        for (const found of readPage(pieces.join(''))) {
          expect(found.name).toBe('m');
          expect(typeof found.value).toBe('number');
        }
      }),
      { numRuns: 500 },
    );
  });

  it('reads a good line whatever stands on the lines around it', () => {
    const other = fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replaceAll('\n', ''));
    fc.assert(
      fc.property(other, other, (before, after) => {
        const found = readPage(`${before}\nm{a="b"} 7\n${after}\n`);
        expect(found.some(({ value, labels }) => value === 7 && labels.get('a') === 'b')).toBe(true);
      }),
    );
  });

  it.each([
    ['blanks', `m ${' '.repeat(2_000_000)}x`],
    ['digits', `m ${'1'.repeat(2_000_000)}x`],
    ['backslashes', `m{a="${'\\'.repeat(2_000_001)}`],
    ['braces', `m${'{'.repeat(2_000_000)}`],
    ['commas', `m{a="b"${','.repeat(2_000_000)}} 1`],
    ['a name', `${'m'.repeat(2_000_000)} 1`],
    ['short lines', '\n'.repeat(2_000_000)],
  ])('is done with megabytes of %s', (_what, page) => {
    expect(readPage(page)).toEqual([]);
  });
});
