import { describe, expect, it } from 'vitest';
import { canonicalTaskId, newTaskId } from './task-id.ts';

const ID = '137a9777-53e8-4b43-bd76-3fb9854a9657';

describe('canonicalTaskId', () => {
  it.each([ID, ID.toUpperCase(), `task-${ID}`, ID.replaceAll('-', ''), `{${ID}}`, `urn:uuid:${ID}`])(
    'reads %s',
    (given) => expect(canonicalTaskId(given)).toBe(ID),
  );

  it.each(['', 'nope', 'task-', `${ID}0`, ID.slice(1), ID.replace('1', 'g')])('refuses %j', (given) =>
    expect(canonicalTaskId(given)).toBeUndefined(),
  );

  it('leaves an id of ours as it is', () => {
    const id = newTaskId();
    expect(canonicalTaskId(id)).toBe(id);
  });
});
