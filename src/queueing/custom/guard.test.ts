import { describe, expect, it } from 'vitest';
import { aView } from '../../../test/builders.ts';
import { Line } from '../__fixtures__/line.ts';
import type { CustomPolicy } from './custom-policy.ts';
import { type FunctionPolicyOptions, functionPolicy } from './function-policy.ts';
import { PolicyGuard, type PolicyProblem } from './guard.ts';

function aLine(parts: Partial<CustomPolicy>, options: FunctionPolicyOptions = {}) {
  const problems: PolicyProblem[] = [];
  const onProblem = (problem: PolicyProblem) => problems.push(problem);
  const policy = functionPolicy({ name: 'mine', ...parts }, { onProblem, ...options });
  return { line: new Line(policy), policy, problems };
}
const adapterOf = (line: Line) => line.policy.getStats?.().adapter;
const views = [aView('a'), aView('b')];

describe('a policy that throws', () => {
  const oops = (): never => {
    throw new Error('oops');
  };

  it('is done without: whoever came first goes', () => {
    const { line, problems } = aLine({ schedule: oops });
    line.join({ id: 'first' }, { id: 'second' });
    expect(line.order(1, views)).toEqual(['first']);
    expect(problems).toMatchObject([
      { policy: 'mine', kind: 'threw', message: 'it threw: oops', isRetired: false },
    ]);
  });

  it('is retired after three times in a row; then the fallback orders all that wait', () => {
    const { line, problems, policy } = aLine(
      { nextRequest: oops },
      { fallback: functionPolicy({ name: 'backwards', orderKey: (r) => -r.arrivalMs }) },
    );
    line.join(...[1, 2, 3, 4, 5, 6].map((i) => ({ id: `${i}`, arrivalMs: i })));
    expect(line.order(6, views)).toEqual(['1', '2', '3', '6', '5', '4']);
    expect(policy.isRetired).toBe(true);
    expect(problems.map(({ isRetired }) => isRetired)).toEqual([false, true]);
    expect(adapterOf(line)).toMatchObject({ threw: 3, isRetired: true, fallback: 'backwards' });
  });

  it('is not retired for throwing now and then', () => {
    let calls = 0;
    const { line, policy } = aLine({ nextRequest: (pending) => (calls++ % 3 === 0 ? pending[0] : oops()) });
    line.join(...Array.from({ length: 12 }, () => ({})));
    expect(line.order(12, views)).toHaveLength(12);
    expect(policy.isRetired).toBe(false);
  });

  it('may throw in hooks and figures without harm to anybody', () => {
    const { line } = aLine({ orderKey: () => 1, onRequestDispatched: oops, getStats: oops });
    line.join({});
    expect(line.order()).toHaveLength(1);
    expect(adapterOf(line)).toMatchObject({ threw: 2 });
  });

  it('is not retired for what its hooks and figures throw, however often they are told or asked', () => {
    const { line, policy } = aLine({ orderKey: () => 1, onRequestDispatched: oops, getStats: oops });
    for (let i = 0; i < 5; i++) adapterOf(line);
    expect(policy.isRetired).toBe(false);
    line.join({});
    expect(line.order()).toHaveLength(1);
    expect(adapterOf(line)).toMatchObject({ threw: 7, isRetired: false });
  });

  it('may do so in a promise: a hook that is rejected later is counted, and ends no process', async () => {
    const { policy } = aLine({ orderKey: () => 1, onInstanceRemoved: async () => oops() });
    policy.onInstanceRemoved('a');
    await Promise.resolve();
    expect(policy.getStats().adapter).toMatchObject({ threw: 1, isRetired: false });
  });
});

describe('a policy that answers later', () => {
  it.each(['nextRequest', 'schedule', 'prioritize'] as const)(
    'is done without, since a decision is due now: %s',
    async (form) => {
      const later = { [form]: async () => Promise.reject(new Error('later')) };
      const { line, policy, problems } = aLine(later as never);
      line.join({ id: 'a' }, { id: 'b' }, { id: 'c' }, { id: 'd' });
      expect(line.order(4, views)).toEqual(['a', 'b', 'c', 'd']);
      expect(policy.isRetired).toBe(true);
      expect(problems[0]?.message).toBe(`it threw: ${form} must answer at once, found a promise`);
      await Promise.resolve();
    },
  );
});

describe('a policy that is slow', () => {
  /** A stopwatch that stands but while the policy decides, for `tookMs` of each decision. */
  const timed = (tookMs: (decision: number) => number) => {
    let nowMs = 0;
    let decisions = 0;
    const decided = aLine(
      {
        nextRequest: (pending) => {
          nowMs += tookMs(decisions++);
          return pending[0];
        },
      },
      { stopwatch: () => nowMs, budgetMs: 1 },
    );
    decided.line.join(...Array.from({ length: 150 }, () => ({})));
    decided.line.order(150, views);
    return decided;
  };

  it('is retired when more than one of twenty decisions is over the budget, and it is said', () => {
    const { policy, problems } = timed(() => 2);
    expect(policy.isRetired).toBe(true);
    expect(problems.at(-1)).toMatchObject({
      kind: 'slow',
      message: '100 of its last 100 decisions took longer than 1 ms',
    });
  });

  it('is retired after three decisions in a row that held everybody up, without waiting for a hundred', () => {
    const { policy, problems } = timed(() => 300);
    expect(policy.isRetired).toBe(true);
    expect(problems.at(-1)).toMatchObject({
      message: 'its last 3 decisions took longer than 20 ms each',
      isRetired: true,
    });
    expect(policy.getStats().adapter).toMatchObject({ decisions: 3 });
  });

  it('may be held up now and then by what is not its fault', () => {
    const { policy } = timed((decision) => (decision % 60 < 2 ? 300 : 0.5));
    expect(policy.isRetired).toBe(false);
  });

  it('may be slow at the start, and once in a while', () => {
    const { policy, problems } = timed((decision) => (decision < 3 || decision === 50 ? 9 : 0.5));
    expect(policy.isRetired).toBe(false);
    expect(problems.map(({ message }) => message)).toEqual([
      '4 of its last 51 decisions took longer than 1 ms',
    ]);
    expect(policy.getStats().adapter).toMatchObject({ overBudget: 4 });
  });

  it('is not said to be slow for its first decisions, while its code is cold', () => {
    const { problems } = timed((decision) => (decision < 3 ? 9 : 0.5));
    expect(problems).toEqual([]);
  });
});

describe('the guard of a policy', () => {
  const aGuard = (options = {}) => {
    const problems: PolicyProblem[] = [];
    const guard = new PolicyGuard('mine', { onProblem: (problem) => problems.push(problem), ...options });
    return { guard, problems };
  };
  const oops = (): never => {
    throw 'not even an error';
  };

  it('gives on what the policy says, and nothing where it throws', () => {
    const { guard, problems } = aGuard();
    expect(guard.ask(() => 7)).toBe(7);
    expect(guard.ask(oops)).toBeUndefined();
    expect(problems).toEqual([
      {
        policy: 'mine',
        kind: 'threw',
        message: 'it threw: not even an error',
        cause: 'not even an error',
        isRetired: false,
      },
    ]);
  });

  it('begins to count anew after each decision that went well', () => {
    const { guard } = aGuard();
    for (let i = 0; i < 10; i++) {
      guard.ask(oops);
      guard.ask(oops);
      guard.ask(() => 1);
    }
    expect(guard.isRetired).toBe(false);
    for (let i = 0; i < 3; i++) guard.ask(oops);
    expect(guard.isRetired).toBe(true);
  });

  it('says each kind of problem once, however often it comes, and counts the rest', () => {
    const { guard, problems } = aGuard();
    for (let i = 0; i < 5; i++) guard.invalid(`answer ${i}`);
    expect(problems.map(({ message }) => message)).toEqual(['answer 0']);
    expect(guard.stats()).toMatchObject({ invalid: 5, isRetired: false });
  });

  it('measures decisions, and not hooks', () => {
    let nowMs = 0;
    const { guard } = aGuard({ stopwatch: () => nowMs, budgetMs: 1 });
    const slow = () => {
      nowMs += 5;
    };
    for (let i = 0; i < 300; i++) guard.tell(slow);
    expect(guard.stats()).toMatchObject({ overBudget: 0, decisions: 0 });
    guard.ask(slow);
    expect(guard.stats()).toMatchObject({ overBudget: 1, decisions: 1 });
  });

  it('lays what the machine does besides at no policy: its own work counts, and only a stall by the clock', () => {
    let nowMs = 0;
    let workMs = 0;
    const { guard } = aGuard({ stopwatch: () => nowMs, workwatch: () => workMs, budgetMs: 1 });
    const take = (ms: number, work: number) => () => {
      nowMs += ms;
      workMs += work;
    };
    for (let i = 0; i < 200; i++) guard.ask(take(15, 0.5));
    expect(guard.stats()).toMatchObject({ overBudget: 0, isRetired: false });
    for (let i = 0; i < 3; i++) guard.ask(take(25, 0));
    expect(guard.isRetired).toBe(true);
  });

  it('forgets slow decisions once a hundred others have been made', () => {
    let nowMs = 0;
    const { guard } = aGuard({ stopwatch: () => nowMs, budgetMs: 1 });
    const take = (ms: number) => () => {
      nowMs += ms;
    };
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 5; i++) guard.ask(take(9));
      for (let i = 0; i < 95; i++) guard.ask(take(0.1));
    }
    expect(guard.isRetired).toBe(false);
    for (let i = 0; i < 6; i++) guard.ask(take(9));
    expect(guard.isRetired).toBe(true);
  });
});
