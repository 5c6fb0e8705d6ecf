/** Portkey's open-source gateway, the version pinned in `bench/package.json`, told by headers where the upstream is. */

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ContenderPlan } from '../contender.ts';
import { freePort } from '../machine/free-port.ts';
import { collectGarbage, inspectorOption } from '../machine/node-inspector.ts';
import { CONTENDER_CORE } from '../machine/pinning.ts';
import { startServer } from '../machine/server-process.ts';
import { answersOn } from './answers-on.ts';

const PACKAGE = fileURLToPath(new URL('../../node_modules/@portkey-ai/gateway/', import.meta.url));
const LOOPBACK_ONLY = fileURLToPath(new URL('loopback-only.ts', import.meta.url));

export const PORTKEY: ContenderPlan = {
  name: 'portkey',
  missing() {
    if (existsSync(PACKAGE)) return undefined;
    return '@portkey-ai/gateway is not installed (npm --prefix bench ci)';
  },
  version: () => (JSON.parse(readFileSync(`${PACKAGE}package.json`, 'utf8')) as { version: string }).version,
  async start({ upstreamUrls, directory }) {
    const [port, inspectorPort] = [await freePort(), await freePort()];
    const server = await startServer({
      command: process.execPath,
      // Without its console, which would keep every request.
      args: ['--import', LOOPBACK_ONLY, `${PACKAGE}build/start-server.js`, `--port=${port}`, '--headless'],
      core: CONTENDER_CORE,
      env: { NODE_ENV: 'production', NODE_OPTIONS: inspectorOption(inspectorPort) },
      directory,
      isReady: () => answersOn(port, '/'),
    });
    return {
      name: 'portkey',
      url: `http://127.0.0.1:${port}`,
      // One upstream: choosing among several would cost it more.
      headers: {
        authorization: 'Bearer sk-bench',
        'x-portkey-provider': 'openai',
        'x-portkey-custom-host': `${upstreamUrls[0]}/v1`,
      },
      pids: server.pids,
      collectGarbage: () => collectGarbage(server.pid, inspectorPort),
      stop: server.stop,
    };
  },
};
