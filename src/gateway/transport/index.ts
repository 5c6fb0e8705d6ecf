/** How calls come in and go out: the port, and its implementation on `node:http` and undici. */

export { createNodeHttpServer } from './node-http-server.ts';
export type * from './port.ts';
export { createUndiciEngineClient } from './undici-engine-client.ts';
