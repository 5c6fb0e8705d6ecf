/** Makes of the file's `tls` section what a connection needs. */

import { readFile } from 'node:fs/promises';
import type { TlsSettings } from '../../engines/index.ts';
import { ConfigurationError } from './config/configuration-error.ts';
import type { TlsSection } from './config/scheduler-file.ts';

/** @throws ConfigurationError when the file with the authorities cannot be read */
export async function readTls({ verify, caFile, serverName }: TlsSection): Promise<TlsSettings> {
  return {
    rejectUnauthorized: verify,
    ...(caFile !== undefined && { ca: await readAuthorities(caFile) }),
    ...(serverName !== undefined && { servername: serverName }),
  };
}

async function readAuthorities(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError(`tls.ca_file: ${reason}`);
  }
}
