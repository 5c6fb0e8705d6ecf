/** Signalbox as users run it: `signalbox up` with API keys, metrics, decisions, and a line of log for each request. */

import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ContenderPlan } from '../contender.ts';
import { freePort } from '../machine/free-port.ts';
import { collectGarbage, inspectorOption } from '../machine/node-inspector.ts';
import { CONTENDER_CORE } from '../machine/pinning.ts';
import { startServer } from '../machine/server-process.ts';

const ROOT = new URL('../../../', import.meta.url);
const MAIN = fileURLToPath(new URL('src/cli/main.ts', ROOT));

/** So high that waiting in the queue is no part of what is measured. */
const MAX_CONCURRENCY = 1_024;

export const SIGNALBOX: ContenderPlan = {
  name: 'signalbox',
  missing: () => undefined,
  version: () =>
    (JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { version: string }).version,
  async start({ upstreamUrls, directory }) {
    const [port, controlPort, inspectorPort] = [await freePort(), await freePort(), await freePort()];
    const key = `sk-bench-${randomBytes(24).toString('base64url')}`;
    const file = join(directory, 'signalbox.yaml');
    writeFileSync(file, configuration({ port, controlPort, key, upstreamUrls }));
    const server = await startServer({
      command: process.execPath,
      args: [MAIN, 'up', '-c', file],
      core: CONTENDER_CORE,
      env: { NODE_OPTIONS: inspectorOption(inspectorPort) },
      directory,
      isReady: () => everyInstanceIsReady(controlPort, upstreamUrls.length),
    });
    return {
      name: 'signalbox',
      url: `http://127.0.0.1:${port}`,
      headers: { authorization: `Bearer ${key}` },
      pids: server.pids,
      collectGarbage: () => collectGarbage(server.pid, inspectorPort),
      tidy: () => truncateSync(join(directory, 'stdout.log')),
      stop: server.stop,
    };
  },
};

interface ConfigurationFacts {
  readonly port: number;
  readonly controlPort: number;
  readonly key: string;
  readonly upstreamUrls: readonly string[];
}

/** What is not said here is as it comes, the scraping of every instance each second among it. */
function configuration({ port, controlPort, key, upstreamUrls }: ConfigurationFacts): string {
  const sha256 = createHash('sha256').update(key).digest('hex');
  const instances = upstreamUrls.map((url, index) => ({
    id: `mock-${index + 1}`,
    url,
    maxConcurrency: MAX_CONCURRENCY,
  }));
  // JSON is YAML.
  return JSON.stringify({
    listeners: { data: { host: '127.0.0.1', port }, control: { port: controlPort } },
    instances,
    auth: { keys: { bench: { sha256, tenant: 'bench' } } },
    logging: { level: 'info', format: 'json' },
  });
}

async function everyInstanceIsReady(controlPort: number, count: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${controlPort}/admin/instances`);
  const { instances } = (await response.json()) as { instances: { state: string }[] };
  return instances.filter(({ state }) => state === 'ready').length === count;
}
