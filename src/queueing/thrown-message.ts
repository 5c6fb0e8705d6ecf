/** What was thrown, in words: authors may throw anything, even what cannot be made a string. */

export function thrownMessage(cause: unknown): string {
  try {
    return cause instanceof Error ? String(cause.message) : String(cause);
  } catch {
    return 'something that cannot be shown';
  }
}
