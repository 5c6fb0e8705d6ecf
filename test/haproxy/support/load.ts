/** Callers of a chat model through HAProxy. */

const BODY = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hello' }], max_tokens: 2 });

/** The answer's status; 0 when there was none. */
export async function ask(url: string): Promise<number> {
  try {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: BODY,
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}

/** How often each status came, for `count` requests of which `concurrency` are under way at a time. */
export async function askOften(url: string, count: number, concurrency = 8): Promise<Record<number, number>> {
  const statuses: Record<number, number> = {};
  let left = count;
  const caller = async () => {
    while (left-- > 0) {
      const status = await ask(url);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, caller));
  return statuses;
}

export interface SteadyLoad {
  /** How often each status came so far. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Resolves when the last request is over. */
  stop(): Promise<void>;
}

/** Keeps `concurrency` requests under way until it is stopped. */
export function startLoad(url: string, concurrency = 6): SteadyLoad {
  const statuses: Record<number, number> = {};
  let isOver = false;
  const caller = async () => {
    while (!isOver) {
      const status = await ask(url);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  const callers = Promise.all(Array.from({ length: concurrency }, caller));
  return {
    statuses,
    async stop() {
      isOver = true;
      await callers;
    },
  };
}
