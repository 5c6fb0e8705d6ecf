/** An appliance over HTTPS on loopback that behaves: log-in, tokens, pools, data groups, and outages when told so. */

import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { TEST_CERTIFICATE, TEST_KEY } from '../../src/engines/__fixtures__/tls.ts';

export interface FakeAppliance {
  readonly port: number;
  /** Members by pool, as `Common/p`; a pool that is not there is answered 404. */
  readonly pools: Map<string, string[]>;
  readonly dataGroups: Map<string, Record<string, string>>;
  readonly tokens: Set<string>;
  readonly logIns: number;
  /** `down` hangs up on every call, `failing` answers 503. */
  setTrouble(trouble: 'none' | 'down' | 'failing'): void;
  close(): Promise<void>;
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly token: string | undefined;
  readonly json: Readonly<Record<string, unknown>>;
}

type Reply = readonly [status: number, body?: unknown];

export async function startFakeAppliance(password = 'secret'): Promise<FakeAppliance> {
  const pools = new Map<string, string[]>();
  const dataGroups = new Map<string, Record<string, string>>();
  const tokens = new Set<string>();
  let logIns = 0;
  let trouble: 'none' | 'down' | 'failing' = 'none';

  function reply({ method, path, token, json }: Call): Reply {
    if (path === '/shared/authn/login') {
      if (json.password !== password) return [401, { message: 'Authentication failed.' }];
      const name = `T${++logIns}`;
      tokens.add(name);
      return [200, { token: { token: name, name, timeout: 1200 } }];
    }
    if (token === undefined || !tokens.has(token))
      return [401, { message: 'X-F5-Auth-Token does not exist.' }];
    if (path.startsWith('/shared/authz/tokens/')) {
      if (method === 'DELETE') tokens.delete(path.split('/').at(-1)!);
      return [200, { timeout: Number(json.timeout ?? 0) }];
    }
    const [, partition, pool] = /^\/tm\/ltm\/pool\/~([^~]+)~([^/]+)\/members$/.exec(path) ?? [];
    if (pool !== undefined) return members(`${partition}/${decodeURIComponent(pool)}`);
    return path.startsWith('/tm/ltm/data-group/internal') ? dataGroup(method, path, json) : [404];
  }

  function members(key: string): Reply {
    const listed = pools.get(key);
    if (listed === undefined) return [404, { code: 404, message: 'not found' }];
    return [200, { items: listed.map((name) => ({ name, address: name.replace(/:\d+$/, '') })) }];
  }

  function dataGroup(method: string, path: string, json: Call['json']): Reply {
    const name = path.split('~').at(-1)!;
    const values = () =>
      Object.fromEntries(
        (json.records as readonly { name: string; data: string }[]).map((record) => [
          record.name,
          record.data,
        ]),
      );
    if (method === 'POST') {
      dataGroups.set(String(json.name), values());
      return [200, {}];
    }
    if (!dataGroups.has(name)) return [404];
    if (method === 'PUT') dataGroups.set(name, values());
    return [200, { name }];
  }

  const server = createServer({ cert: TEST_CERTIFICATE, key: TEST_KEY }, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (trouble === 'down') return void request.socket.destroy();
    const text = Buffer.concat(chunks).toString('utf8');
    const call = {
      method: request.method ?? '',
      path: (request.url ?? '').replace(/^\/mgmt/, ''),
      token: request.headers['x-f5-auth-token'] as string | undefined,
      json: text === '' ? {} : (JSON.parse(text) as Call['json']),
    };
    const [status, body = {}] = trouble === 'failing' ? [503] : reply(call);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  const port = await listen(server);
  return {
    port,
    pools,
    dataGroups,
    tokens,
    get logIns() {
      return logIns;
    },
    setTrouble(next) {
      trouble = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
