import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EventTimes } from './event-times.ts';

it('counts the events after a moment, up to 256 of them', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { maxLength: 600 }), fc.nat(4_000), (gaps, sinceMs) => {
      const times = new EventTimes();
      const all: number[] = [];
      let nowMs = 0;
      for (const gap of gaps) {
        nowMs += gap;
        all.push(nowMs);
        times.add(nowMs);
      }
      expect(times.countAfter(sinceMs)).toBe(Math.min(256, all.filter((atMs) => atMs > sinceMs).length));
    }),
  );
});
