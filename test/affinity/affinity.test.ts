import { describe, expect, it } from 'vitest';
import { type ConversationsSettings, runConversations } from './conversations.ts';

const SEEDS = [1, 2, 3, 4, 5, 6];

type Case = Omit<ConversationsSettings, 'seed' | 'conversations' | 'turns'>;

/** Nothing is known of the engines, so that what is known of them changes most while the conversations begin. */
const CASES: readonly (readonly [string, Case])[] = [
  ['six engines', { instances: 6 }],
  ['three engines, five times as fast', { instances: 3, speed: 5, firstPromptTokens: 6000, turnTokens: 600 }],
  ['six engines, five times as fast', { instances: 6, speed: 5, firstPromptTokens: 6000, turnTokens: 600 }],
  [
    'six engines, five times as fast, far away',
    { instances: 6, speed: 5, firstPromptTokens: 200, turnTokens: 20, overheadMs: 30 },
  ],
  ['six engines, twenty times as fast', { instances: 6, speed: 20 }],
];

describe.each(CASES)('six conversations begun at once on %s that nobody used before', (_, settings) => {
  const runs = SEEDS.map((seed) =>
    runConversations({ startGapMs: 30, ...settings, seed, conversations: 6, turns: 6 }),
  );

  it('stay with their prefixes', () => {
    for (const { places } of runs) {
      for (const place of places) expect(new Set(place).size).toBe(1);
    }
  });

  it('are spread over the instances', () => {
    for (const { places } of runs) {
      const perInstance = Object.values(Object.groupBy(places, ([first]) => first!));
      const most = Math.max(...perInstance.map((conversations) => conversations!.length));
      expect(most).toBeLessThanOrEqual(6 / settings.instances + 1);
    }
  });
});
