import { describe, expect, it } from 'vitest';
import { type CustomPolicy, createPolicy, POLICY_NAMES } from '../queueing/index.ts';
import { type AnyPolicy, type ConformanceOptions, describePolicy } from './index.ts';

/** The built-in ones keep to it, too; `fifo` and those with ageing let nobody starve. */
const GOES_WITHIN: Record<string, number> = { signalbox: 200, fifo: 30, priority: 1_500, 'slo-aware': 1_000 };
for (const name of POLICY_NAMES) {
  const goesWithin = GOES_WITHIN[name];
  const options: ConformanceOptions = goesWithin === undefined ? {} : { goesWithin };
  describePolicy(name, () => createPolicy({ name }), { describe, it, expect }, options);
}

/** What the suite finds wrong with a policy: the failing tests' names with their messages. */
function faults(create: () => AnyPolicy, options: ConformanceOptions = {}): Record<string, string> {
  const found: Record<string, string> = {};
  const tools = {
    describe: (_name: string, body: () => void) => body(),
    it: (name: string, body: () => void) => {
      try {
        body();
      } catch (error) {
        found[name] = (error as Error).message;
      }
    },
  };
  describePolicy('tried', create, tools, options);
  return found;
}

const RIGHT: CustomPolicy = { name: 'right', orderKey: ({ arrivalMs }) => arrivalMs };
const wrong = (parts: Partial<CustomPolicy>) => faults(() => ({ name: 'wrong', ...parts }));

describe('the conformance suite', () => {
  it('finds nothing wrong with a policy that is right', () => {
    expect(faults(() => RIGHT, { goesWithin: 30 })).toEqual({});
  });

  it.each<[string, Partial<CustomPolicy>, string, string]>([
    ['no name', { ...RIGHT, name: '' }, 'has a name', 'name must be a text'],
    [
      'a decision for nobody',
      { schedule: () => [{ requestId: 'r0' }] },
      'decides nothing where nobody waits or no instance is there',
      'schedule must be empty where nobody waits',
    ],
    [
      'sorting its input',
      { prioritize: (requests) => (requests as []).sort() },
      'leaves its inputs as they are',
      'Cannot assign to read only property',
    ],
    [
      'an unknown instance',
      {
        schedule: (requests, instances) =>
          instances.length > 0 ? requests.map(({ id }) => ({ requestId: id, instanceId: 'x' })) : [],
      },
      'names only requests that wait, each once, and instances that are there',
      'named the instance "x", which is not there',
    ],
    [
      'a request twice',
      {
        schedule: ([first], instances) =>
          first && instances.length > 0 ? [{ requestId: first.id }, { requestId: first.id }] : [],
      },
      'names only requests that wait, each once, and instances that are there',
      'named the request "r0" twice',
    ],
    [
      'leaving somebody out of its order',
      { prioritize: (requests) => requests.slice(1) },
      'names only requests that wait, each once, and instances that are there',
      'prioritize must return all requests once',
    ],
    [
      'no number as a key',
      { orderKey: () => Number.NaN },
      'names only requests that wait, each once, and instances that are there',
      'orderKey must be a finite number, found NaN',
    ],
    [
      'never letting some go',
      { nextRequest: (pending) => pending.find(({ priority }) => priority !== 'LOW') },
      'loses nobody, and serves nobody twice',
      'were never dispatched although instances had room',
    ],
    [
      'throwing at work',
      {
        nextRequest: (pending) => {
          if (pending.length > 2) throw new Error('too many');
          return pending[0];
        },
      },
      'loses nobody, and serves nobody twice',
      'it threw: too many',
    ],
    [
      'throwing at strangers',
      { ...RIGHT, onRequestCompleted: ({ id }) => void (id === 'stranger' && unknownTo(id)) },
      'bears news of requests and instances that it does not know',
      'stranger is unknown',
    ],
  ])('finds %s', (_, parts, test, message) => {
    expect(wrong(parts)[test]).toContain(message);
  });

  it('finds decisions by chance', () => {
    let drawn = 0;
    const test = 'decides the same when the same happens again';
    expect(wrong({ orderKey: () => (drawn = (drawn * 1_103 + 12_345) % 9_973) })[test]).toContain(
      'the same events led to',
    );
  });

  it('finds starvation, where it is asked to', () => {
    const strict = () => ({
      name: 'strict',
      orderKey: ({ priority }: { priority: string }) => (priority === 'CRITICAL' ? 0 : 1),
    });
    expect(faults(strict)).toEqual({});
    const test = 'lets nobody wait for more than 50 others';
    expect(faults(strict, { goesWithin: 50 })[test]).toContain(
      'request still waited after 50 others had gone',
    );
  });
});

function unknownTo(id: string): never {
  throw new Error(`${id} is unknown`);
}
