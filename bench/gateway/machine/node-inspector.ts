/** Has a running Node.js process collect its garbage, through the inspector that SIGUSR1 opens in it. */

import { setTimeout as sleep } from 'node:timers/promises';

/** For `NODE_OPTIONS` of the process: where its inspector listens once it is opened. */
export function inspectorOption(port: number): string {
  return `--inspect-port=127.0.0.1:${port}`;
}

/** @param port the one that the process was given with `inspectorOption` */
export async function collectGarbage(pid: number, port: number): Promise<void> {
  process.kill(pid, 'SIGUSR1');
  const socket = new WebSocket(await debuggerUrl(port));
  try {
    await once(socket, 'open');
    for (const id of [1, 2]) {
      const answered = once(socket, 'message');
      socket.send(JSON.stringify({ id, method: 'HeapProfiler.collectGarbage' }));
      await answered;
    }
  } finally {
    socket.close();
  }
}

async function debuggerUrl(port: number): Promise<string> {
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/json/list`);
      const [page] = (await response.json()) as { webSocketDebuggerUrl: string }[];
      if (page !== undefined) return page.webSocketDebuggerUrl;
    } catch {
      // The inspector is not open yet.
    }
    await sleep(50);
  }
  throw new Error(`no inspector answers on port ${port}`);
}

function once(socket: WebSocket, type: 'open' | 'message'): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.addEventListener(type, () => resolve(), { once: true });
    socket.addEventListener('error', () => reject(new Error(`the inspector did not ${type}`)), {
      once: true,
    });
  });
}
