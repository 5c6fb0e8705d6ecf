import { describe, expect, it } from 'vitest';
import { anInstance, aRequest } from '../../../test/builders.ts';
import { SessionMemory } from './session-memory.ts';

const a = anInstance('a');
const b = anInstance('b');

describe('the memory of sessions', () => {
  it('knows the instance of the latest request', () => {
    const memory = new SessionMemory();
    const request = aRequest({ session: 's' });
    expect(memory.lastInstance(request)).toBeUndefined();
    memory.onRequestDispatched(request, a);
    memory.onRequestDispatched(request, b);
    expect(memory.lastInstance(aRequest({ session: 's', user: 'other' }))).toBe(b);
  });

  it('goes by the user only where there is no session, and keeps tenants apart', () => {
    const memory = new SessionMemory();
    memory.onRequestDispatched(aRequest({ user: 'x' }), a);
    memory.onRequestDispatched(aRequest({ session: 'x' }), b);
    expect(memory.lastInstance(aRequest({ user: 'x' }))).toBe(a);
    expect(memory.lastInstance(aRequest({ user: 'x', tenant: 't' }))).toBeUndefined();
  });

  it('remembers nothing of requests without either', () => {
    const memory = new SessionMemory();
    memory.onRequestDispatched(aRequest(), a);
    expect(memory.size).toBe(0);
    expect(memory.lastInstance(aRequest())).toBeUndefined();
  });

  it('forgets the session that was unused the longest', () => {
    const memory = new SessionMemory(2);
    const [one, two, three] = ['1', '2', '3'].map((session) => aRequest({ session }));
    for (const request of [one!, two!, one!, three!]) memory.onRequestDispatched(request, a);
    expect([one, two, three].map((request) => memory.lastInstance(request!)?.id)).toEqual([
      'a',
      undefined,
      'a',
    ]);
    expect(memory.size).toBe(2);
  });

  it('forgets what it is told to', () => {
    const memory = new SessionMemory();
    const [one, two] = ['1', '2'].map((user) => aRequest({ user }));
    for (const request of [one!, two!]) memory.onRequestDispatched(request, a);
    memory.forget(one);
    expect([one, two].map((request) => memory.lastInstance(request!)?.id)).toEqual([undefined, 'a']);
    memory.forget();
    expect(memory.size).toBe(0);
  });
});
