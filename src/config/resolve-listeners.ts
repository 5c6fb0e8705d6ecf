/** Where to listen, and that nobody is let in by accident. */

import type { Config } from './config.ts';
import type { Resolution } from './resolution.ts';
import type { ConfigFile } from './schema/config-file.ts';

const EVERY_ADDRESS = '0.0.0.0';

export function resolveListeners(file: ConfigFile, resolution: Resolution): Config['listeners'] {
  const { data, control } = file.listeners;
  const isGuarded = Object.keys(file.auth.keys).length > 0;
  const dataHost = data.host ?? (isGuarded || data.open ? EVERY_ADDRESS : '127.0.0.1');
  const token = resolution.secret(control, 'token', ['listeners', 'control']);
  const hasToken = [control.token, control.token_env, control.token_file].some(
    (given) => given !== undefined,
  );
  if (!isLoopback(dataHost) && !isGuarded && !data.open) {
    resolution.mistake({
      path: ['listeners', 'data', 'host'],
      message: `listeners.data.host ${JSON.stringify(dataHost)} is reachable from other machines, and no API keys are configured`,
      found: JSON.stringify(dataHost),
      allowed: 'a loopback address such as 127.0.0.1, or auth.keys, or open: true',
    });
  }
  if (!isLoopback(control.host) && !hasToken && !control.insecure) {
    resolution.mistake({
      path: ['listeners', 'control', 'host'],
      message: `listeners.control.host ${JSON.stringify(control.host)} is reachable from other machines, and no token is configured`,
      found: JSON.stringify(control.host),
      allowed: 'a loopback address such as 127.0.0.1, or token, token_env or token_file, or insecure: true',
    });
  }
  if (data.port === control.port && data.port !== 0 && overlap(dataHost, control.host)) {
    resolution.mistake({
      path: ['listeners', 'control', 'port'],
      message: `listeners.control.port ${control.port} is the port of listeners.data too`,
      found: String(control.port),
      allowed: 'two different ports',
    });
  }
  return {
    data: { host: dataHost, port: data.port, open: data.open },
    control: {
      host: control.host,
      port: control.port,
      insecure: control.insecure,
      ...(token && { token }),
    },
  };
}

/** Whether only this machine can reach `host`. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return bare === 'localhost' || bare === '::1' || /^(::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare);
}

function overlap(a: string, b: string): boolean {
  const isEvery = (host: string) => host === EVERY_ADDRESS || host === '::' || host === '[::]';
  return a === b || isEvery(a) || isEvery(b) || (isLoopback(a) && isLoopback(b));
}
