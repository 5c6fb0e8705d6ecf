/** An engine's metrics page over HTTP on loopback, whose figures a test sets. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeEngine {
  /** `127.0.0.1:port`. */
  readonly name: string;
  readonly port: number;
  /** What it answers: a page, or a status without one. */
  page: string | number;
  readonly asked: { readonly path: string; readonly authorization: string | undefined }[];
  close(): Promise<void>;
}

export function vllmPage(waiting: number, cache: number, running = 0): string {
  return (
    `vllm:num_requests_waiting{model_name="m"} ${waiting}\n` +
    `vllm:kv_cache_usage_perc{model_name="m"} ${cache}\n` +
    `vllm:num_requests_running{model_name="m"} ${running}\n`
  );
}

export async function startFakeEngine(page: string | number): Promise<FakeEngine> {
  const asked: { path: string; authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    asked.push({ path: request.url ?? '', authorization: request.headers.authorization });
    if (typeof engine.page === 'number') response.writeHead(engine.page).end();
    else response.writeHead(200).end(engine.page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const engine: FakeEngine = {
    name: `127.0.0.1:${port}`,
    port,
    page,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return engine;
}
