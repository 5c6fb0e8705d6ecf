/** NGINX as a plain reverse proxy: one worker, round robin, connections kept on both sides, nothing buffered, no log. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContenderPlan } from '../contender.ts';
import { findProgram, missingProgram, programVersion } from '../machine/find-program.ts';
import { freePort } from '../machine/free-port.ts';
import { CONTENDER_CORE } from '../machine/pinning.ts';
import { startServer } from '../machine/server-process.ts';
import { answersOn } from './answers-on.ts';

export const NGINX: ContenderPlan = {
  name: 'nginx',
  missing: () => missingProgram('nginx'),
  version: () => programVersion('nginx', '-v'),
  async start({ upstreamUrls, directory }) {
    const port = await freePort();
    const file = join(directory, 'nginx.conf');
    writeFileSync(file, configuration(port, upstreamUrls, directory));
    const server = await startServer({
      command: findProgram('nginx')!,
      args: ['-p', directory, '-e', join(directory, 'error.log'), '-c', file],
      core: CONTENDER_CORE,
      directory,
      isReady: () => answersOn(port),
    });
    const { pids, stop } = server;
    return { name: 'nginx', url: `http://127.0.0.1:${port}`, headers: {}, pids, stop };
  },
};

function configuration(port: number, upstreamUrls: readonly string[], directory: string): string {
  const servers = upstreamUrls.map((url) => `    server ${new URL(url).host};`);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path ${join(directory, name)};`,
  );
  return `daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid ${join(directory, 'nginx.pid')};
error_log ${join(directory, 'error.log')} warn;
${process.getuid?.() === 0 ? 'user root;\n' : ''}
events {
  worker_connections 8192;
}

http {
  access_log off;
  tcp_nodelay on;
  keepalive_timeout 75s;
  keepalive_requests 1000000000;
  client_body_buffer_size 128k;
${paths.join('\n')}

  upstream engines {
${servers.join('\n')}
    keepalive 2048;
    keepalive_requests 1000000000;
  }

  server {
    listen 127.0.0.1:${port} backlog=4096;

    location / {
      proxy_pass http://engines;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
    }
  }
}
`;
}
