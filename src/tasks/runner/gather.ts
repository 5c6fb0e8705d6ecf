/** Joins calls that come while another one is on its way into one call: one statement for many tasks under load, none waits when there is none. */

/** `many` answers in the order of what it is given. */
export function gather<Item, Answer>(
  many: (items: readonly Item[]) => Promise<readonly Answer[]>,
  maxItems = 256,
): (item: Item) => Promise<Answer> {
  interface Waiting {
    readonly item: Item;
    readonly resolve: (answer: Answer) => void;
    readonly reject: (error: unknown) => void;
  }
  let waiting: Waiting[] = [];
  let isCalling = false;

  async function callAll(): Promise<void> {
    isCalling = true;
    // What is handed in within the same turn goes together.
    await Promise.resolve();
    while (waiting.length > 0) {
      const batch = waiting.slice(0, maxItems);
      waiting = waiting.slice(maxItems);
      try {
        const answers = await many(batch.map(({ item }) => item));
        batch.forEach(({ resolve }, index) => {
          resolve(answers[index]!);
        });
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    isCalling = false;
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!isCalling) void callAll();
    });
}
