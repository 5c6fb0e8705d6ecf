import { describe, expect, it } from 'vitest';
import { openDirectory } from '../up/support/files.ts';
import { runSignalbox } from '../up/support/signalbox.ts';

const writeFile = openDirectory();

/** Each line with a mistake is followed by what is to be said of it: its column, and words of the message. */
const MISTAKES: readonly (readonly [line: string, column?: number, says?: string])[] = [
  ['listeners:'],
  ['  data: { port: 99999 }', 17, 'listeners.data.port must be a whole number from 0 to 65535, found 99999'],
  ['  control: { host: 0.0.0.0 }', 20, 'is reachable from other machines, and no token is configured'],
  ['instances:'],
  ['  - url: 10.0.0.5:8000', 10, 'did you mean: http://10.0.0.5:8000'],
  ['    modles: [a]', 5, 'did you mean: models'],
  ['  - { url: "http://user:word@x:1" }', 12, 'without user, password'],
  ['  - { id: "a b", url: "http://x:2" }', 11, 'at most 128 letters'],
  ['  - { id: one, url: "http://x:3" }'],
  ['  - { id: one, url: "http://x:4" }', 11, '"one" is also that of instances[3]'],
  ['  - { id: both, url: "http://x:5", simulate: llama-3-8b@h100 }', 36, 'found both'],
  ['  - { id: none }', 5, 'found neither'],
  ['  - { id: sim, simulate: llama-3-8b@h1000 }', 26, 'did you mean: llama-3-8b@h100'],
  ['  - { id: speedy, url: "http://x:6", speed: 3 }', 38, 'means something only together with simulate'],
  ['  - { id: engine, url: "http://x:7", engine: vlm }', 46, 'did you mean: vllm'],
  ['  - { id: env, url: "http://x:8", apiKey_env: NOT_SET }', 47, 'NOT_SET is not set'],
  ['  - { id: file, url: "http://x:9", apiKey_file: nowhere }', 49, 'cannot be read (ENOENT)'],
  [
    '  - { id: two, url: "http://x:10", apiKey: hush, apiKey_env: HOME }',
    50,
    'apiKey and apiKey_env are both given',
  ],
  ['aliases: { a: b, b: a }', 15, 'go round in a circle: a → b → a'],
  ['queue: { maxRequests: -1 }', 23, 'at least 0, found -1'],
  ['policy: prioriti', 9, 'did you mean: priority'],
  ['routing: { picker: bset }', 20, 'did you mean: best'],
  ['retries: { budgetShare: 20 }', 25, 'from 0 to 1, found 20'],
  ['health: { active: { intervalMs: 1s } }', 33, 'did you mean: 1000'],
  ['shutdown: { graceMs: soon }', 22, 'found "soon"'],
  ['auth: { keys: { me: { sha256: sk-sb-a-key-itself } } }', 31, 'not the key itself'],
  ['logging: { level: loud }', 19, 'found "loud"'],
  ['logging: { format: json }', 1, 'given twice, first on line 27'],
  ['colour: blue', 1, 'unknown key "colour"'],
  ['limits:'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how the file says it
  ['  maxBodyBytes: ${BODY_LIMIT}', 17, 'BODY_LIMIT, which is not set'],
];

interface Told {
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

/** The mistakes that `check` printed, in order. */
function toldIn(stdout: string, file: string): Told[] {
  return stdout
    .split(`${file}:`)
    .slice(1)
    .map((text) => {
      const [, line, column] = /^(\d+):(\d+): mistake: /.exec(text) ?? [];
      return { line: Number(line), column: Number(column), text };
    });
}

describe('signalbox check', () => {
  it('names every kind of mistake of one file at once, each with its place and what is allowed', async () => {
    const file = await writeFile('signalbox.yaml', MISTAKES.map(([line]) => line).join('\n'));
    const { exitCode, stdout, stderr } = await runSignalbox(['check', file]);
    const told = toldIn(stdout, file);
    const wanted = MISTAKES.flatMap(([, column, says], index) =>
      column === undefined ? [] : [{ line: index + 1, column, text: expect.stringContaining(says!) }],
    );
    expect(told).toEqual(wanted);
    expect(stdout.endsWith(`${wanted.length} mistakes in ${file}\n`)).toBe(true);
    expect([exitCode, stderr]).toEqual([1, '']);
  });

  it('shows no secret that stands in the file', async () => {
    const file = await writeFile('signalbox.yaml', MISTAKES.map(([line]) => line).join('\n'));
    const { stdout } = await runSignalbox(['check', file]);
    expect(stdout).not.toMatch(/sk-sb-a-key-itself|hush|user:word/);
  });

  it.each([
    ['text that is no YAML', 'a: b: c\n', '1:4: mistake: not valid YAML'],
    ['a tab for an indentation', 'queue:\n\tmaxRequests: 1\n', '2:1: mistake: not valid YAML: Tabs'],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00]), '1:1: mistake: the file "'],
    ['a list', '- a\n', '1:1: mistake: the file must be a mapping, found a list'],
    ['a knot', 'labels: &a [*a]\n', '1:13: mistake: labels[0] refers to *a, which contains it'],
  ])('refuses a file of %s', async (_, content, says) => {
    const file = await writeFile('signalbox.yaml', content);
    const { exitCode, stdout, stderr } = await runSignalbox(['check', file]);
    expect(stdout).toContain(`${file}:${says}`);
    expect([exitCode, stderr]).toEqual([1, '']);
  });

  it('refuses a file that is not there', async () => {
    const { exitCode, stdout } = await runSignalbox(['check', '/nowhere/signalbox.yaml']);
    expect(stdout).toContain('the file "/nowhere/signalbox.yaml" cannot be read: ENOENT');
    expect(exitCode).toBe(1);
  });

  it('finds nothing wrong with a good one, and says what it will do', async () => {
    const file = await writeFile('signalbox.yaml', 'instances:\n  - { url: "http://x:1" }\n');
    const { exitCode, stdout, stderr } = await runSignalbox(['check', file]);
    expect(stdout).toBe(
      `${file} is valid: 1 instance, policy signalbox, routing signalbox, data on 127.0.0.1:8080, control on 127.0.0.1:8081\n`,
    );
    expect([exitCode, stderr]).toEqual([0, '']);
  });
});

describe('signalbox up', () => {
  it('does not start with a configuration that is not valid', async () => {
    const file = await writeFile('signalbox.yaml', 'queue: { maxRequests: -1 }\npolicy: prioriti\n');
    const { exitCode, stdout, stderr } = await runSignalbox(['up', '-c', file]);
    expect(stderr.split('\n')).toEqual([
      'error: the configuration is not valid',
      expect.stringMatching(/signalbox\.yaml:1:23: queue\.maxRequests must be .*found -1/),
      expect.stringMatching(/signalbox\.yaml:2:9: policy must be .*did you mean/),
      `signalbox check ${file} explains them`,
      '',
    ]);
    expect([exitCode, stdout]).toEqual([1, '']);
  });

  it.each([
    [['up', '--port', 'many'], /a whole number from 0 to 65535/],
    [['up', '--upstream', 'ftp://x'], /must be an http:\/\/ or https:\/\/ address/],
    [['up', '--policy', 'prioriti'], /policy must be one of .*did you mean/],
    [['up', '--routing', 'nearest'], /routing must be one of/],
    [['up', '--colour'], /unknown option '--colour'/],
    [['upp'], /unknown command 'upp'[\s\S]*Did you mean up/],
  ])('called as %j says what is allowed', async (args, says) => {
    const { exitCode, stderr } = await runSignalbox(args);
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(exitCode).toBe(1);
  });
});
