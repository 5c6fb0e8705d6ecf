/** What a process really holds in memory, garbage not counted: asked over its debugger, after a collection. */

import type { SignalboxProcess } from './signalbox.ts';

/** For the process whose memory is to be asked for: a debugger on a free port. */
export const WITH_DEBUGGER = ['--inspect=127.0.0.1:0'] as const;

/** Bytes of live objects and of the buffers that they hold. */
export async function liveBytesOf(process: SignalboxProcess): Promise<number> {
  const address = /Debugger listening on (ws:\S+)/.exec(process.stderr())?.[1];
  if (address === undefined) throw new Error('the process was not started with a debugger');
  const socket = new WebSocket(address);
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true });
    socket.addEventListener('error', reject, { once: true });
  });
  try {
    await ask(socket, 1, 'HeapProfiler.collectGarbage');
    const expression = '(({ heapUsed, external }) => heapUsed + external)(process.memoryUsage())';
    const { result } = await ask(socket, 2, 'Runtime.evaluate', { expression });
    return result!.value;
  } finally {
    socket.close();
  }
}

interface Reply {
  readonly id?: number;
  readonly result: { readonly result?: { readonly value: number } };
}

function ask(socket: WebSocket, id: number, method: string, params: object = {}): Promise<Reply['result']> {
  return new Promise((resolve) => {
    socket.addEventListener('message', function onMessage({ data }) {
      const reply = JSON.parse(String(data)) as Reply;
      if (reply.id !== id) return;
      socket.removeEventListener('message', onMessage);
      resolve(reply.result);
    });
    socket.send(JSON.stringify({ id, method, params }));
  });
}
