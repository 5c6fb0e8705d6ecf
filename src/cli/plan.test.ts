import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planCommand } from './plan.ts';

const EXAMPLES = new URL('../../examples/pipelines/', import.meta.url).pathname;
const MODEL = join(EXAMPLES, 'model/config.json');
const NODES = join(EXAMPLES, 'nodes.yaml');

interface Ran {
  readonly out: string;
  readonly error: string;
}

function run(...args: string[]): Ran {
  let [out, error] = ['', ''];
  const command = planCommand()
    .exitOverride()
    .configureOutput({ writeOut: (text) => (out += text), writeErr: (text) => (error += text) });
  try {
    command.parse(args, { from: 'user' });
  } catch {
    // What is wrong stands in `error`.
  }
  return { out, error };
}

const plan = (...args: string[]) => run('--model', MODEL, '--nodes', NODES, ...args);

function withNodes(text: string): Ran {
  const file = join(mkdtempSync(join(tmpdir(), 'plan-')), 'nodes.yaml');
  writeFileSync(file, text);
  const { out, error } = run('--model', MODEL, '--nodes', file);
  return { out, error: error.replaceAll(file, 'nodes.yaml') };
}

describe('signalbox plan', () => {
  it('shows the example: every layer of each pipeline, the bound and what would help', () => {
    const { out, error } = plan();
    expect(error).toBe('');
    expect(out).toContain('4 pipelines of 6 nodes by optimal');
    expect(out).toMatch(/desk-1 +2 × RTX 4090 +0-42 .*\n +desk-2 +2 × RTX 4090 +43-79/);
    expect(out).toMatch(/^unused +gaming, old$/m);
    expect(out).toMatch(/^bound +2\.67: no plan is better$/m);
    expect(out).toMatch(/^would help +one more .* more\)$/m);
  });

  it('prints the same as JSON, whose stages cover the model', () => {
    const report = JSON.parse(plan('--json').out);
    expect(report).toMatchObject({ allocator: 'optimal', numLayers: 80, bound: { isOptimal: true, gap: 0 } });
    for (const { stages } of report.pipelines) {
      const layers = stages.flatMap(({ layers: [from, to] }: { layers: [number, number] }) => [from, to]);
      expect(layers.filter((_: number, at: number) => at % 2 === 0)).toEqual([
        0,
        ...layers.filter((_: number, at: number) => at % 2 === 1).slice(0, -1),
      ]);
      expect(layers.at(-1)).toBe(80);
    }
  });

  it.each(['dp', 'greedy'])('plans by %s, without a bound', (allocator) => {
    const { out, error } = plan('--allocator', allocator);
    expect(error).toBe('');
    expect(out).toContain(`by ${allocator}`);
    expect(out).toMatch(/^bound +(dp|greedy) proves none/m);
  });

  it.each(['throughput', 'latency'])('plans for %s', (objective) => {
    const value = (allocator: string) =>
      JSON.parse(plan('--json', '--objective', objective, '--allocator', allocator).out).objective.value;
    expect(value('optimal')).toBeGreaterThanOrEqual(value('greedy'));
  });

  it('shows what a node less and one more change', () => {
    const { out } = plan('--without', 'rented', '--add', 'desk-1');
    expect(out).toMatch(/^pipelines +4 +-> +3$/m);
    expect(out).toContain('added-1');
  });

  it('draws each pipeline as a bar over the layers', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'plan-')), 'plan.svg');
    plan('--svg', file);
    const svg = readFileSync(file, 'utf8');
    expect(svg.match(/<title>desk-\d \(2 × RTX 4090\): layers/g)).toHaveLength(4);
    expect(svg).not.toContain('NaN');
  });
});

describe('what is wrong with the input', () => {
  it.each([
    [
      'an unknown GPU',
      'nodes:\n  - id: a\n    gpu: RTX 4091',
      /^error: nodes\.yaml:3:10: nodes\[0\]\.gpu: .*RTX 4090/m,
    ],
    [
      'a key that is not there',
      'nodes:\n  - id: a\n    gpu: T4\n    vram: 3',
      /nodes\.yaml:\d+:\d+: nodes\[0\]: .*vram/,
    ],
    [
      'a negative memory',
      'nodes:\n  - id: a\n    gpu: T4\n    memoryGb: -3',
      /nodes\.yaml:4:15: nodes\[0\]\.memoryGb: /,
    ],
    [
      'two of a name',
      'nodes:\n  - { id: a, gpu: T4 }\n  - { id: a, gpu: T4 }',
      /nodes\.yaml:3:\d+: .*two nodes are called "a"/,
    ],
    ['no nodes', 'nodes: []', /nodes\.yaml:1:8: nodes: /],
    ['no YAML', 'nodes: [', /nodes\.yaml:1:\d+: not valid YAML/],
    ['too little memory', 'nodes:\n  - { id: a, gpu: T4 }', /GiB are missing/],
    [
      'layers beyond the model',
      'nodes:\n  - { id: a, gpu: H200, layers: [70, 90] }',
      /allowed are layers of \[0, 80\)/,
    ],
  ])('names %s', (_what, text, message) => {
    const { out, error } = withNodes(text);
    expect(out).toBe('');
    expect(error).toMatch(message);
  });

  it('says where a model is looked for', () => {
    expect(run('--model', 'nobody/nothing', '--nodes', NODES).error).toMatch(
      /nobody\/nothing.*config\.json/s,
    );
  });

  it('names the nodes there are to who leaves out one that is not', () => {
    expect(plan('--without', 'nobody').error).toMatch(/found "nobody", which is none of studio, gaming/);
  });
});
