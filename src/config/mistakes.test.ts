/** One example of each mistake that a configuration can have, with exactly what is said of it and where. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { findProfile } from '../enginemodel/index.ts';
import { findPreset } from '../routing/index.ts';
import type { KnownNames } from './names.ts';
import { type ParseOptions, parseConfig } from './parse-config.ts';
import { formatProblem } from './problem.ts';

/** Names of its own, so that a new policy or scorer changes none of the messages. */
const NAMES: KnownNames = {
  policies: ['signalbox', 'fifo', 'priority'],
  filters: ['health', 'model', 'not-failed', 'role', 'window'],
  scorers: ['load'],
  pickers: ['best', 'power-of-two', 'random', 'round-robin'],
  presets: new Map(
    ['signalbox', 'least-loaded', 'power-of-two', 'random', 'round-robin'].map((name) => [
      name,
      findPreset(name),
    ]),
  ),
  simulations: ['8b@h100', '8b@a100', '70b@h100x4', '70b@h100x8', '70b@a100x4'].map((size) =>
    findProfile(`llama-3-${size}`),
  ),
};

const OPTIONS: ParseOptions = {
  names: NAMES,
  env: { EMPTY: '', WORD: 'hunter2' },
  readFile(path) {
    if (path === 'blank') return '\n';
    throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
  },
};

interface Mistake {
  readonly what: string;
  readonly file: string;
  readonly says: readonly string[];
}

const MISTAKES = parse(
  readFileSync(new URL('./__fixtures__/mistakes.yaml', import.meta.url), 'utf8'),
) as readonly Mistake[];

function mistakesOf(source: string): string[] {
  const result = parseConfig(source, OPTIONS);
  return result.ok
    ? []
    : result.problems.map((problem) => formatProblem(problem, '').slice(1).replace(': ', ' '));
}

describe('each kind of mistake', () => {
  it.each(MISTAKES)('$what', ({ file, says }) => {
    expect(mistakesOf(file)).toEqual(says);
  });

  it.each(MISTAKES)('$what: lies within the file, and shows no secret', ({ file }) => {
    const result = parseConfig(file, OPTIONS);
    const problems = result.ok ? [] : result.problems;
    expect(problems.length).toBeGreaterThan(0);
    for (const { line, column } of problems) {
      const text = file.split('\n')[line - 1];
      expect(text).toBeDefined();
      expect(column).toBeGreaterThanOrEqual(1);
      expect(column).toBeLessThanOrEqual((text?.length ?? 0) + 1);
    }
    expect(JSON.stringify(problems)).not.toMatch(/hunter2|ann:pw/);
  });

  it('has an example for each key that must be one of a few words', () => {
    const choices = [
      'logging.level',
      'engine',
      'policy',
      'routing',
      'filters',
      'scorers',
      'picker',
      'simulate',
    ];
    const all = MISTAKES.flatMap(({ says }) => says).join('\n');
    for (const choice of choices) expect(all).toContain(choice);
  });
});

describe('several mistakes', () => {
  const source = `listeners:
  data:
    port: 99999
    hots: 0.0.0.0
instances:
  - url: http://a:1
    engine: vlm
  - url: http://a:1
    id: b
  - ulr: http://c
  - url: http://d
    scrape: {intervalMs: 1s}
aliases:
  x: y
  y: x
logging: {level: loud}
queue: {maxRequests: 1, maxRequests: 2}
`;

  it('are all said at once, in the order of the file, those between fields too', () => {
    expect(mistakesOf(source)).toEqual([
      '3:11 listeners.data.port must be a whole number from 0 to 65535, found 99999',
      '4:5 unknown key "hots" in listeners.data (did you mean host?)',
      '7:13 instances[0].engine must be one of vllm, sglang, llamacpp, tgi, tensorrt-llm, openai, auto, found "vlm" (did you mean vllm?)',
      '8:10 instances[1].url "http://a:1" is also that of instances[0]',
      '10:5 unknown key "ulr" in instances[2] (did you mean url?)',
      '12:26 instances[3].scrape.intervalMs must be a whole number of milliseconds from 10 to 2147483647, found "1s" (did you mean 1000?)',
      '14:6 aliases go round in a circle: x → y → x',
      '16:18 logging.level must be one of trace, debug, info, warn, error, fatal, silent, found "loud"',
      '17:25 queue.maxRequests is given twice, first on line 17',
    ]);
  });

  it('come with what was found, what is allowed and what was meant', () => {
    const result = parseConfig('logging:\n  level: inof\n', OPTIONS);
    expect(result).toMatchObject({
      ok: false,
      problems: [
        {
          path: 'logging.level',
          line: 2,
          column: 10,
          found: '"inof"',
          allowed: 'one of trace, debug, info, warn, error, fatal, silent',
          suggestion: 'info',
        },
      ],
    });
  });

  it('do not hide a mistake between fields elsewhere in the same section', () => {
    const listeners = `listeners:
  control: {host: 0.0.0.0, prot: 1}
  data: {port: true}
`;
    expect(mistakesOf(listeners)).toEqual([
      '2:19 listeners.control.host "0.0.0.0" is reachable from other machines, and no token is configured',
      '2:28 unknown key "prot" in listeners.control (did you mean port?)',
      '3:16 listeners.data.port must be a whole number from 0 to 65535, found true',
    ]);
  });

  it('are not said twice when one follows from another', () => {
    const said = mistakesOf('instances:\n  - url: 5\naliases:\n  a: m\n');
    expect(said).toEqual([
      '2:10 instances[0].url must be an http:// or https:// address without user, password, query and fragment, found 5',
    ]);
  });
});
