import { expect, it } from 'vitest';
import { nextRun } from './next-run.ts';

it('a call is answered by a run that began after it; those who wait share one', async () => {
  const ends: (() => void)[] = [];
  let runs = 0;
  const call = nextRun(async () => {
    const run = ++runs;
    await new Promise<void>((resolve) => ends.push(resolve));
    return run;
  });
  const first = call();
  await Promise.resolve();
  const [second, third] = [call(), call()];
  ends[0]!();
  expect(await first).toBe(1);
  await expect.poll(() => ends.length).toBe(2);
  ends[1]!();
  expect(await Promise.all([second, third])).toEqual([2, 2]);
});

it('one that fails does not stop the next', async () => {
  let isBroken = true;
  const call = nextRun(async () => {
    if (isBroken) throw new Error('broken');
    return 'whole';
  });
  await expect(call()).rejects.toThrow('broken');
  isBroken = false;
  expect(await call()).toBe('whole');
});
