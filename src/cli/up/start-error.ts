/** Why Signalbox cannot start, in words for the person who started it. */

import type { ListenerConfig } from '../../config/index.ts';

/** Its message says all; where it arose is of no use to the reader. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use by another process',
  EACCES: 'this process may not use that port',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'no address is known for that host name',
};

const FLAGS = { data: '--port', control: '--control-port' } as const;

/** Opens one of the listeners, and says which one it is when that fails. */
export async function openListener<Opened>(
  name: keyof typeof FLAGS,
  { host, port }: ListenerConfig,
  open: () => Promise<Opened>,
): Promise<Opened> {
  try {
    return await open();
  } catch (error) {
    const reason = REASONS[(error as NodeJS.ErrnoException).code ?? ''];
    if (reason === undefined) throw error;
    const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    const message = `listeners.${name} cannot listen on ${address}: ${reason}`;
    throw new StartError(`${message}; another port can be given by ${FLAGS[name]}`, { cause: error });
  }
}
