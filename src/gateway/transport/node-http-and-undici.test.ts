import { describe, it } from 'vitest';
import { describeTransport } from './conformance.ts';
import { createNodeHttpServer } from './node-http-server.ts';
import { createUndiciEngineClient } from './undici-engine-client.ts';

describeTransport(
  'node:http and undici',
  { createServer: createNodeHttpServer, createEngineClient: createUndiciEngineClient },
  { describe, it },
);
