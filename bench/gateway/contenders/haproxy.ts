/** HAProxy as a plain reverse proxy: one thread, round robin, connections kept on both sides. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContenderPlan } from '../contender.ts';
import { findProgram, missingProgram, programVersion } from '../machine/find-program.ts';
import { freePort } from '../machine/free-port.ts';
import { CONTENDER_CORE } from '../machine/pinning.ts';
import { startServer } from '../machine/server-process.ts';
import { answersOn } from './answers-on.ts';

export const HAPROXY: ContenderPlan = {
  name: 'haproxy',
  missing: () => missingProgram('haproxy'),
  version: () => programVersion('haproxy', '-v'),
  async start({ upstreamUrls, directory }) {
    const port = await freePort();
    const file = join(directory, 'haproxy.cfg');
    writeFileSync(file, configuration(port, upstreamUrls));
    const server = await startServer({
      command: findProgram('haproxy')!,
      args: ['-db', '-f', file],
      core: CONTENDER_CORE,
      directory,
      isReady: () => answersOn(port),
    });
    const { pids, stop } = server;
    return { name: 'haproxy', url: `http://127.0.0.1:${port}`, headers: {}, pids, stop };
  },
};

/** The timeouts are those of long streams; `http-reuse always` is what saves connections to the upstream. */
function configuration(port: number, upstreamUrls: readonly string[]): string {
  const servers = upstreamUrls.map((url, index) => `  server mock-${index + 1} ${new URL(url).host}`);
  return `global
  nbthread 1
  maxconn 8000

defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout http-keep-alive 75s
  option http-keep-alive
  option http-no-delay

frontend front
  bind 127.0.0.1:${port}
  default_backend engines

backend engines
  balance roundrobin
  http-reuse always
${servers.join('\n')}
`;
}
