import { describe, expect, it } from 'vitest';
import { anInstance } from '../../test/builders.ts';
import { Line } from './__fixtures__/line.ts';
import { functionPolicy } from './custom/function-policy.ts';
import { fifoPolicy } from './fifo.ts';
import { signalboxPolicy } from './signalbox/policy.ts';
import { SwappablePolicy } from './swappable-policy.ts';

const backwards = () => functionPolicy({ name: 'backwards', orderKey: ({ arrivalMs }) => -arrivalMs });

describe('a policy that can be exchanged', () => {
  it('orders those who wait anew, in every lane', () => {
    const policy = new SwappablePolicy(fifoPolicy());
    const line = new Line(policy);
    const ids = ['1', '2', '3', '4'];
    line.join(...ids.map((id) => ({ id, arrivalMs: Number(id) })));
    line.join(...ids.map((id) => ({ id: `x${id}`, model: 'x', arrivalMs: Number(id) })));
    expect(line.order(1)).toEqual(['1']);
    policy.swap(backwards());
    expect(line.order()).toEqual(['4', '3', '2']);
    expect(line.serve(undefined, 'x')?.request.id).toBe('x4');
  });

  it('keeps those apart who left and who joined since', () => {
    const policy = new SwappablePolicy(fifoPolicy());
    const line = new Line(policy);
    line.join({ id: 'leaves' }, { id: 'stays', arrivalMs: 1 });
    policy.swap(backwards());
    line.queue.remove(line.queue.get('leaves')!);
    line.join({ id: 'new', arrivalMs: 2 });
    expect(line.queue.lane('m').size).toBe(2);
    expect(line.order()).toEqual(['new', 'stays']);
  });

  it('has the name and the figures of whom it stands for', () => {
    const policy = new SwappablePolicy(fifoPolicy());
    expect([policy.name, policy.getStats()]).toEqual(['fifo', {}]);
    policy.swap(signalboxPolicy());
    expect(policy.name).toBe('signalbox');
    expect(policy.getStats()).toHaveProperty('dispatchedByClass');
  });

  it('tells the new one of the instances there are', () => {
    const heard: string[] = [];
    const policy = new SwappablePolicy(fifoPolicy());
    for (const id of ['a', 'b', 'c']) policy.onInstanceRegistered(anInstance(id));
    policy.onInstanceRemoved('b');
    policy.swap({ ...fifoPolicy(), onInstanceRegistered: ({ id }) => void heard.push(id) });
    expect(heard).toEqual(['a', 'c']);
  });
});

describe('ordering a queue anew by the same policy', () => {
  it('counts nobody twice', () => {
    const line = new Line(signalboxPolicy());
    line.join({ tenant: 't', priority: 'HIGH' });
    line.queue.reorder();
    line.serve();
    expect(line.policy.getStats?.()).toMatchObject({ consumedOfWaitingTenants: { HIGH: {} } });
  });
});
