import { expect, it } from 'vitest';
import { fingerprintOf } from './fingerprint.ts';

const task = { id: 'x', model: 'm', input: { a: 1, b: { c: [1, 2], d: null } } };

it('is the same whatever the order of keys, the id and what does not make the task another one', () => {
  const print = fingerprintOf(task);
  expect(fingerprintOf({ ...task, id: 'y', priority: 'HIGH' })).toBe(print);
  expect(fingerprintOf({ ...task, input: { b: { d: null, c: [1, 2] }, a: 1 } })).toBe(print);
  expect(fingerprintOf({ ...task, metadata: {} })).toBe(print);
});

it.each([
  { ...task, model: 'n' },
  { ...task, input: { a: 1, b: { c: [2, 1], d: null } } },
  { ...task, input: { a: '1', b: { c: [1, 2], d: null } } },
  { ...task, metadata: { k: 1 } },
  { ...task, endpoint: '/v1/x' },
])('is another one for %j', (other) => {
  expect(fingerprintOf(other)).not.toBe(fingerprintOf(task));
});
