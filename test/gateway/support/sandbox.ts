/** What a test opened, closed after it in the order that lets nothing hang. */

import { afterEach } from 'vitest';
import { startTestGateway, type TestGateway, type TestGatewayInit } from './test-gateway.ts';
import { type Script, startUpstream, type Upstream } from './upstream.ts';

export interface Sandbox {
  upstream(script: Script): Promise<Upstream>;
  gateway(init: TestGatewayInit): Promise<TestGateway>;
  /** A gateway in front of one engine. */
  pair(script: Script, init?: TestGatewayInit): Promise<[TestGateway, Upstream]>;
  /** A gateway in front of several engines, asked in this order. */
  fleet(scripts: readonly Script[], init?: TestGatewayInit): Promise<[TestGateway, Upstream[]]>;
}

/** To be called once at the top of a test file. */
export function openSandbox(): Sandbox {
  const gateways: TestGateway[] = [];
  const upstreams: Upstream[] = [];
  afterEach(async () => {
    for (const gateway of gateways.splice(0)) await gateway.close();
    for (const upstream of upstreams.splice(0)) await upstream.close();
  });

  const sandbox: Sandbox = {
    async upstream(script) {
      const upstream = await startUpstream(script);
      upstreams.push(upstream);
      return upstream;
    },
    async gateway(init) {
      const gateway = await startTestGateway(init);
      gateways.push(gateway);
      return gateway;
    },
    async pair(script, init) {
      const [gateway, [upstream]] = await sandbox.fleet([script], init);
      return [gateway, upstream!];
    },
    async fleet(scripts, init = {}) {
      const started: Upstream[] = [];
      for (const script of scripts) started.push(await sandbox.upstream(script));
      const gateway = await sandbox.gateway({ instances: started.map(({ url }) => url), ...init });
      return [gateway, started];
    },
  };
  return sandbox;
}
