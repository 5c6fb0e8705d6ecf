import { describe, expect, it } from 'vitest';
import { aRequest } from '../../../test/builders.ts';
import { slackEntry } from '../slack-queue.ts';
import { CachedShares } from './cached-share.ts';

/** Shares whose index is asked, with how often that was; each entry was asked about at 0. */
function asking(held: { tokens: number }) {
  const asked: string[] = [];
  const shares = new CachedShares(({ id }) => {
    asked.push(id);
    return held.tokens;
  }, 250);
  const anEntry = (id: string) => {
    const request = aRequest({ id, promptTokens: 100 });
    const waiting = { request, tokens: 100, enqueuedMs: 0, joinOrder: 0 };
    const fields = { waiting, key: 0, lateAfterMs: 0, heldShare: shares.of(waiting), heldShareMs: 0 };
    return slackEntry(fields);
  };
  return { asked, shares, anEntry };
}

describe('the share of a waiting prompt that somebody holds', () => {
  it('is asked for when the request joins, and kept', () => {
    const held = { tokens: 40 };
    const { asked, shares, anEntry } = asking(held);
    const entry = anEntry('a');
    held.tokens = 80;
    expect([shares.shareOf(entry, 0), shares.shareOf(entry, 999)]).toEqual([0.4, 0.4]);
    expect(asked).toEqual(['a']);
  });

  it('is asked for again when it is old, one after each decision', () => {
    const held = { tokens: 40 };
    const { asked, shares, anEntry } = asking(held);
    const [a, b] = [anEntry('a'), anEntry('b')];
    held.tokens = 80;
    asked.length = 0;
    const look = (nowMs: number) => [a, b].map((entry) => shares.shareOf(entry, nowMs));
    expect(look(1_000)).toEqual([0.4, 0.4]);
    shares.refresh();
    shares.refresh();
    expect(look(1_001)).toEqual([0.4, 0.8]);
    shares.refresh();
    expect(look(1_002)).toEqual([0.8, 0.8]);
    shares.refresh();
    expect(asked).toEqual(['b', 'a']);
  });
});
