/** Which addresses only this machine can reach, and which of them the control listener may bind. */

import { isIP } from 'node:net';
import { SignalboxError } from '../../domain/index.ts';

/** Whether `host` can be reached from this machine only. A name other than `localhost` may be anything, so it counts as not. */
export function isLoopback(host: string): boolean {
  const plain = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (plain === 'localhost' || plain.endsWith('.localhost')) return true;
  if (isIP(plain) === 4) return plain.startsWith('127.');
  return isIP(plain) === 6 && (plain === '::1' || /^::ffff:127\.\d+\.\d+\.\d+$/.test(plain));
}

export interface Binding {
  readonly host: string;
  readonly token?: string | undefined;
  readonly isInsecure?: boolean | undefined;
}

/** Refuses to open the controls to other machines without a token. */
export function requireSafeBinding({ host, token, isInsecure }: Binding): void {
  if (token !== undefined && token.trim() === '') {
    throw new SignalboxError(
      'invalid_value',
      'The control token is empty; allowed is any other text, or none.',
      {
        param: 'token',
      },
    );
  }
  if (isLoopback(host) || token !== undefined || isInsecure === true) return;
  throw new SignalboxError(
    'invalid_value',
    `The control listener would be open to other machines: found host ${JSON.stringify(host)} and no token. ` +
      'Allowed is a loopback address (127.0.0.1, ::1, localhost), or a token, or insecure: true.',
    { param: 'host' },
  );
}
