/** Waits for expectations to hold, by trying again and again; fails as the last try did. */

const GIVE_UP_AFTER_MS = 10_000;

export async function eventually(
  expectation: () => void | Promise<void>,
  withinMs = GIVE_UP_AFTER_MS,
): Promise<void> {
  const giveUpAtMs = performance.now() + withinMs;
  for (;;) {
    try {
      await expectation();
      return;
    } catch (error) {
      if (performance.now() > giveUpAtMs) throw error;
      await pause(20);
    }
  }
}

export function pause(forMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, forMs));
}
