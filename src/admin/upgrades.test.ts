import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { controlRooms } from './__fixtures__/control-room.ts';
import type { UpgradeRoute } from './upgrades.ts';

const open = controlRooms();
const server = new WebSocketServer({ noServer: true });
const opened: WebSocket[] = [];

const ECHO: UpgradeRoute = {
  path: '/ws/echo',
  upgrade(request, socket, head) {
    server.handleUpgrade(request, socket, head, (ws) => {
      ws.on('message', (data) => ws.send(data.toString()));
    });
  },
};

afterEach(() => {
  for (const socket of opened.splice(0)) socket.terminate();
});

/** What comes back to one message, or the status by which the connection was refused. */
function talk(url: string, headers: Record<string, string> = {}): Promise<string | number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace('http', 'ws'), { headers });
    opened.push(socket);
    socket.on('open', () => socket.send('hello'));
    socket.on('message', (data) => resolve(data.toString()));
    socket.on('unexpected-response', (_, { statusCode }) => resolve(statusCode ?? 0));
    socket.on('error', reject);
  });
}

describe('WebSockets on the control listener', () => {
  it('go to the room that owns the path, whatever the query', async () => {
    const { url } = await open({ upgrades: [ECHO] });
    expect(await talk(`${url}/ws/echo?a=b`)).toBe('hello');
  });

  it('are refused on other paths', async () => {
    const { url } = await open({ upgrades: [ECHO] });
    expect(await talk(`${url}/ws/other`)).toBe(404);
  });

  it('need the token where there is one', async () => {
    const { url } = await open({ upgrades: [ECHO], token: 'secret' });
    expect(await talk(`${url}/ws/echo`)).toBe(401);
    expect(await talk(`${url}/ws/echo`, { authorization: 'Bearer wrong' })).toBe(401);
    expect(await talk(`${url}/ws/echo`, { authorization: 'Bearer secret' })).toBe('hello');
  });

  it('are not opened for pages of other sites, nor under a name that only resolves to this machine', async () => {
    const { url } = await open({ upgrades: [ECHO] });
    expect(await talk(`${url}/ws/echo`, { origin: 'http://evil.example' })).toBe(403);
    expect(await talk(`${url}/ws/echo`, { host: 'evil.example' })).toBe(403);
    expect(await talk(`${url}/ws/echo`, { origin: url })).toBe('hello');
  });
});
