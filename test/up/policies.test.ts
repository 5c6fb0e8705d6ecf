import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { POLICY_NAMES, PRESET_NAMES } from '../../src/index.ts';
import { eventually } from '../bad-input/support/eventually.ts';
import { type ConfigSections, quietConfig } from '../bad-input/support/house.ts';
import { openDirectory } from './support/files.ts';
import { type Fleet, occupy, openFleets } from './support/fleet.ts';
import { MODEL, ofTokens } from './support/requests.ts';
import { runSignalbox } from './support/signalbox.ts';
import { FREE_PORTS, openUps } from './support/up.ts';

const startFleet = openFleets();
const startUp = openUps();
const writeFile = openDirectory();
const ONE_SLOT = { maxConcurrency: 1 };

/** The configuration that a fleet runs by, with some sections written anew. */
function withSections({ engines }: Fleet, sections: ConfigSections, maxConcurrency = 8) {
  const instances = engines.map(({ url }, index) => ({
    id: `e${index}`,
    url,
    engine: 'vllm',
    models: [MODEL],
    maxConcurrency,
  }));
  return quietConfig({ instances, routing: 'round-robin', ...sections });
}

/** Sends a request that will wait, and returns once it does; its name is noted when it is answered. */
async function enqueue(
  fleet: Fleet,
  headers: Readonly<Record<string, string>>,
): Promise<{ answer: Promise<Response> }> {
  const before = await fleet.waiting();
  const answer = fleet.chat(ofTokens(1), headers);
  await eventually(async () => expect(await fleet.waiting()).toBe(before + 1));
  return { answer };
}

const PRIORITIES = ['BACKGROUND', 'CRITICAL'] as const;

/** With one slot, taken: BACKGROUND comes, then CRITICAL; which of them is answered first? */
async function firstOfTwo(fleet: Fleet): Promise<string> {
  const free = await occupy(fleet, 1);
  const order: string[] = [];
  const answers: Promise<void>[] = [];
  for (const priority of PRIORITIES) {
    const { answer } = await enqueue(fleet, { 'x-signalbox-priority': priority });
    answers.push(
      answer.then(async (response) => {
        expect(response.status).toBe(200);
        await response.text();
        order.push(priority);
      }),
    );
  }
  await free();
  await Promise.all(answers);
  return order[0]!;
}

describe('switched while requests come', () => {
  const FAST = { engines: 3, maxConcurrency: 2, engine: { speed: 100 } };

  /** Keeps callers busy while something goes on; each of their requests must be answered. */
  async function withCallers(fleet: Fleet, callers: number, work: () => Promise<void>): Promise<number> {
    let isOver = false;
    let answered = 0;
    const call = async (index: number): Promise<void> => {
      while (!isOver) {
        const priority = ['CRITICAL', 'NORMAL', 'LOW'][(index + answered) % 3]!;
        const answer = await fleet.chat(ofTokens(8), { 'x-signalbox-priority': priority });
        const text = await answer.text();
        if (answer.status !== 200) throw new Error(`${answer.status}: ${text}`);
        answered += 1;
      }
    };
    const all = Array.from({ length: callers }, (_, index) => call(index));
    try {
      await work();
    } finally {
      isOver = true;
    }
    await Promise.all(all);
    return answered;
  }

  async function throughAll(names: readonly string[], section: 'policy' | 'routing'): Promise<void> {
    const fleet = await startFleet(FAST);
    let served = 0;
    const answered = await withCallers(fleet, 12, async () => {
      for (const name of names) {
        await fleet.app.apply(withSections(fleet, { [section]: name }, 2));
        expect(fleet.app.config[section].name).toBe(name);
        for (let call = 0; call < 2; call += 1) {
          const answer = await fleet.chat(ofTokens(2));
          expect([name, answer.status]).toEqual([name, 200]);
          await answer.text();
          served += 1;
        }
      }
    });
    expect(served).toBe(names.length * 2);
    expect(answered).toBeGreaterThanOrEqual(12);
    expect(await fleet.waiting()).toBe(0);
  }

  it('every policy goes on with those who wait; none is lost', () => throughAll(POLICY_NAMES, 'policy'));

  it('every routing preset finds them an instance; none is lost', () => throughAll(PRESET_NAMES, 'routing'));

  it('those who already wait go by the new policy', async () => {
    const fleet = await startFleet({ ...ONE_SLOT, config: { policy: 'fifo' } });
    expect(await firstOfTwo(fleet)).toBe('BACKGROUND');
    const free = await occupy(fleet, 1);
    const order: string[] = [];
    const answers: Promise<unknown>[] = [];
    for (const priority of PRIORITIES) {
      const { answer } = await enqueue(fleet, { 'x-signalbox-priority': priority });
      answers.push(answer.then(async (response) => order.push((await response.text()) && priority)));
    }
    await fleet.app.apply(withSections(fleet, { policy: 'priority' }, 1));
    expect(await fleet.waiting()).toBe(2);
    await free();
    await Promise.all(answers);
    expect(order).toEqual(['CRITICAL', 'BACKGROUND']);
  });
});

describe('a policy in a file', () => {
  const FIRST_COME = `export const policy = { name: 'first-come', orderKey: ({ arrivalMs }) => arrivalMs };`;
  const LAST_COME = `export const policy = { name: 'last-come', orderKey: ({ arrivalMs }: { arrivalMs: number }) => -arrivalMs };`;
  /** Fails when it is loaded, and leaves a trace of having been. */
  const FAILING = `import { writeFileSync } from 'node:fs';
    writeFileSync(new URL('./was-loaded', import.meta.url), '');
    throw new Error('only half written');`;
  const MISSPELT = 'export const policy =\n  {;';

  /** The fleet's engines behind a house of its own, whose configuration stands in the directory of the policy. */
  async function startBehind(policy: string): Promise<Fleet> {
    const path = await writeFile('mine.ts', policy);
    return startFleet({ ...ONE_SLOT, directory: dirname(path), config: { policy: './mine.ts' } });
  }

  it('stands where the configuration says, counted from its own place, and puts those who wait in its order', async () => {
    expect(await firstOfTwo(await startBehind(LAST_COME))).toBe('CRITICAL');
    expect(await firstOfTwo(await startBehind(FIRST_COME))).toBe('BACKGROUND');
  });

  it('is loaded again when it changes, and a broken version leaves the one before in force', async () => {
    const fleet = await startBehind(FIRST_COME);
    expect(await firstOfTwo(fleet)).toBe('BACKGROUND');
    await writeFile('mine.ts', LAST_COME);
    await eventually(async () => expect(await firstOfTwo(fleet)).toBe('CRITICAL'));
    const trace = join(dirname(await writeFile('mine.ts', FAILING)), 'was-loaded');
    await eventually(() => access(trace));
    expect(await firstOfTwo(fleet)).toBe('CRITICAL');
    await writeFile('mine.ts', FIRST_COME);
    await eventually(async () => expect(await firstOfTwo(fleet)).toBe('BACKGROUND'));
  });

  it('that cannot be loaded changes nothing when it is switched to', async () => {
    const path = await writeFile('mine.ts', 'export const policy = {;');
    const fleet = await startFleet({ ...ONE_SLOT, directory: dirname(path), config: { policy: 'fifo' } });
    await expect(fleet.app.apply(withSections(fleet, { policy: './mine.ts' }, 1))).rejects.toThrow();
    expect(fleet.app.config.policy.name).toBe('fifo');
    expect(await firstOfTwo(fleet)).toBe('BACKGROUND');
  });

  const startProcess = async () => {
    const config = { policy: './mine.ts', instances: [{ id: 'a', simulate: 'llama-3-8b@h100' }] };
    return ['-c', await writeFile('signalbox.yaml', JSON.stringify(config)), ...FREE_PORTS];
  };

  it('tells in the log when a version is taken over and when not', async () => {
    await writeFile('mine.ts', FIRST_COME);
    const up = await startUp(await startProcess());
    await writeFile('mine.ts', MISSPELT);
    await eventually(() =>
      expect(up.stdout()).toMatch(/mine\.ts cannot be loaded, the version before stays: line 2: /),
    );
    expect((await up.chat(ofTokens(1))).status).toBe(200);
    await writeFile('mine.ts', LAST_COME);
    await eventually(() => expect(up.stdout()).toMatch(/policy \\"last-come\\" was loaded from \S*mine\.ts/));
    expect((await up.chat(ofTokens(1))).status).toBe(200);
  });

  it.each([
    ['is not TypeScript', MISSPELT, /mine\.ts cannot be loaded: line 2: /],
    ['fails when it is loaded', FAILING, /mine\.ts cannot be loaded: only half written$/m],
    [
      'lacks an order',
      `export const policy = { name: 'x' };`,
      /policy "x" must have one of .* orderKey, .*found none/,
    ],
    [
      'exports something else',
      'export const polly = 1;',
      /must export `policy` or `createPolicy`, found polly/,
    ],
    ['is not there', undefined, /mine\.ts cannot be loaded: there is no such file$/m],
  ])('that %s ends the start, and says why', async (_, content, message) => {
    if (content !== undefined) await writeFile('mine.ts', content);
    const { exitCode, stderr } = await runSignalbox(['up', ...(await startProcess())]);
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringMatching(/^error: policy: \S+mine\.ts cannot be loaded: /),
    ]);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe('whom waiting would not help', () => {
  const HURRIED = { 'x-signalbox-ttft-slo-ms': '1' };

  it('is told so at once if it may be shed, and waits if it may not', async () => {
    const fleet = await startFleet(ONE_SLOT);
    const free = await occupy(fleet, 1);
    const low = await fleet.chat(ofTokens(1), { ...HURRIED, 'x-signalbox-priority': 'LOW' });
    expect([low.status, await low.json()]).toMatchObject([429, { error: { code: 'infeasible' } }]);
    expect(low.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    const { answer } = await enqueue(fleet, { ...HURRIED, 'x-signalbox-priority': 'NORMAL' });
    expect(await fleet.waiting()).toBe(1);
    await free();
    expect((await answer).status).toBe(200);
  });

  it('may be shed from the class on that the configuration names, also when that changes', async () => {
    const fleet = await startFleet({ ...ONE_SLOT, config: { queue: { sheddableFrom: 'HIGH' } } });
    const free = await occupy(fleet, 1);
    const high = () => fleet.chat(ofTokens(1), { ...HURRIED, 'x-signalbox-priority': 'HIGH' });
    expect((await high()).status).toBe(429);
    await fleet.app.apply(withSections(fleet, { queue: { sheddableFrom: 'NORMAL' } }, 1));
    const answer = high();
    await eventually(async () => expect(await fleet.waiting()).toBe(1));
    await free();
    expect((await answer).status).toBe(200);
  });

  it('waits all the same when it has time', async () => {
    const fleet = await startFleet(ONE_SLOT);
    const free = await occupy(fleet, 1);
    const { answer } = await enqueue(fleet, {
      'x-signalbox-ttft-slo-ms': '60000',
      'x-signalbox-priority': 'LOW',
    });
    await free();
    expect((await answer).status).toBe(200);
  });
});

describe('a long conversation', () => {
  /** About 12 KB of text a turn, so that what is cached is worth going back for. */
  const turn = (who: string, round: number) => ({
    role: 'user',
    content: `${who} ${round} `.repeat(1_000),
  });

  async function servedBy(fleet: Fleet, turns: number): Promise<(string | null)[]> {
    const messages: object[] = [];
    const ids: (string | null)[] = [];
    for (let round = 0; round < turns; round += 1) {
      messages.push(turn('talk', round));
      const answer = await fleet.chat(ofTokens(4, { messages }));
      expect(answer.status).toBe(200);
      ids.push(answer.headers.get('x-signalbox-instance'));
      const { choices } = (await answer.json()) as { choices: { message: object }[] };
      messages.push(choices[0]!.message);
    }
    return ids;
  }

  it('stays on the instance that holds its prefix, wherever it began, with three others as idle', async () => {
    const began = new Set<string | null>();
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const fleet = await startFleet({ engines: 4, config: { routing: 'signalbox', seed } });
      const [first, ...later] = await servedBy(fleet, 3);
      expect(later).toEqual([first, first]);
      began.add(first!);
    }
    expect(began.size).toBeGreaterThan(1);
  });

  it('does not where routing looks at nothing of the kind', async () => {
    const fleet = await startFleet({ engines: 4, config: { routing: 'round-robin' } });
    expect(new Set(await servedBy(fleet, 3)).size).toBe(3);
  });
});
