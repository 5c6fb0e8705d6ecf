/** Waits for something to become true, by looking again and again. */

const GIVE_UP_AFTER_MS = 5000;

export async function until(isTrue: () => boolean, what: string): Promise<void> {
  const giveUpAtMs = performance.now() + GIVE_UP_AFTER_MS;
  while (!isTrue()) {
    if (performance.now() > giveUpAtMs)
      throw new Error(`waited ${GIVE_UP_AFTER_MS} ms in vain until ${what}`);
    await pause(2);
  }
}

export function pause(forMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, forMs));
}
