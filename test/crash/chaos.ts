/** Kills at random moments, and starts again what it killed. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Random, randomIndex } from '../../src/domain/index.ts';
import type { Victim } from './server.ts';

export interface ChaosOptions {
  /** Of which one dies at a time; one that is named twice dies twice as often. */
  readonly victims: readonly Victim[];
  readonly random: Random;
  readonly seconds: number;
  readonly onKilled: (victim: Victim, afterMs: number) => void;
}

/** The longest a victim may work before it dies. */
const LONGEST_LIFE_MS = 2_500;
const LONGEST_DEATH_MS = 600;
/** Some die before they have begun to work. */
const EARLY_SHARE = 0.2;
const LONGEST_EARLY_LIFE_MS = 1_500;

/** Everybody lives when it begins, and when it resolves, with the number of deaths. */
export async function wreakHavoc({ victims, random, seconds, onKilled }: ChaosOptions): Promise<number> {
  const endMs = performance.now() + seconds * 1000;
  let rounds = 0;
  while (performance.now() < endMs) {
    const isEarly = rounds > 0 && random.next() < EARLY_SHARE;
    if (!isEarly) await Promise.all(victims.map((victim) => victim.ready()));
    const lifeMs = random.next() * (isEarly ? LONGEST_EARLY_LIFE_MS : LONGEST_LIFE_MS);
    await sleep(lifeMs);
    const victim = victims[randomIndex(random, victims.length)]!;
    await victim.kill();
    rounds++;
    onKilled(victim, lifeMs);
    await sleep(random.next() * LONGEST_DEATH_MS);
    if (!victim.isRunning) victim.start();
  }
  await Promise.all(victims.map((victim) => victim.ready()));
  return rounds;
}
