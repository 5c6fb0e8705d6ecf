/** What every transport has to do, as a test suite: to be called from a test with the transport's two factories. */

import { describeEngineClient } from './conformance/engine-client.ts';
import { describeServer } from './conformance/server.ts';
import type { ConformanceTools } from './conformance/tools.ts';
import type { CreateEngineClient, CreateServerTransport } from './port.ts';

export interface TransportUnderTest {
  readonly createServer: CreateServerTransport;
  readonly createEngineClient: CreateEngineClient;
}

/** @param tools the test runner's own functions, so that this file needs none */
export function describeTransport(
  name: string,
  transport: TransportUnderTest,
  tools: ConformanceTools,
): void {
  tools.describe(`the server of ${name}`, () => describeServer(transport.createServer, tools));
  tools.describe(`the engine client of ${name}`, () =>
    describeEngineClient(transport.createEngineClient, tools),
  );
}
