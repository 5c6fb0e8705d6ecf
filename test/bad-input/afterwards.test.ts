import { readdir, readFile, readlink } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { callRaw, rawChat, rawHead } from '../gateway/support/raw.ts';
import {
  brokenStream,
  DONE,
  json,
  openStream,
  type Script,
  stream,
  token,
} from '../gateway/support/upstream.ts';
import { openDirectory } from '../up/support/files.ts';
import { liveBytesOf, WITH_DEBUGGER } from '../up/support/heap.ts';
import { expectNoStumble, FREE_PORTS, openUps, type Up } from '../up/support/up.ts';
import { aChat } from './support/calls.ts';
import { ANSWER, type ScriptedEngine, startScriptedEngine } from './support/engine.ts';
import { eventually } from './support/eventually.ts';
import { heldBy } from './support/house.ts';

const startUp = openUps();
const writeFile = openDirectory();
const engines: ScriptedEngine[] = [];

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
});

/** What an engine does for a call is what the call's text asks for. */
const ON_REQUEST: Readonly<Record<string, Script>> = {
  answer: ANSWER,
  stream: stream([token('a'), token('b', 'stop'), DONE]),
  'status 500': json({ error: { message: 'no' } }, 500),
  'status 503': json({ error: { message: 'no' } }, 503),
  'status 400': json({ error: { message: 'no' } }, 400),
  redirect: (response) => void response.writeHead(307, { location: 'http://127.0.0.1:9/' }).end(),
  'hang up': (response) => void response.socket?.destroy(),
  'hang up within': brokenStream([token('a')]),
  garbage: stream(['data: <html>\n\n']),
  'error frame': stream(['data: {"error":{"message":"no","code":500}}\n\n']),
  'fall silent': openStream([token('a')]),
  'say nothing': () => {},
};

const obliging: Script = (response, call) => {
  const { messages } = JSON.parse(call.body.toString()) as { messages: { content: string }[] };
  ON_REQUEST[messages[0]!.content]!(response, call);
};

const CONFIG = {
  routing: 'round-robin',
  logging: { format: 'json', level: 'info' },
  scrape: { enabled: false },
  health: { active: { enabled: false }, passive: { consecutiveFailures: 1_000_000 } },
  queue: { noInstanceWaitMs: 50 },
  retries: { maxRetries: 1, budgetShare: 1 },
  upstream: { firstByteTimeoutMs: 100, idleTimeoutMs: 100, keepAliveTimeoutMs: 200 },
  limits: { headTimeoutMs: 150, bodyIdleTimeoutMs: 100, keepAliveTimeoutMs: 200, maxBodyBytes: 100_000 },
};

async function startFleet(): Promise<Up> {
  engines.push(await startScriptedEngine(obliging), await startScriptedEngine(obliging));
  const instances = engines.map(({ url }, index) => ({
    id: `e${index}`,
    url,
    engine: 'openai',
    models: ['m'],
  }));
  const file = await writeFile('signalbox.yaml', JSON.stringify({ ...CONFIG, instances }));
  return startUp(['-c', file, ...FREE_PORTS], { node: WITH_DEBUGGER });
}

type Caller = (up: Up) => Promise<unknown>;

const saying = (content: string, isStream = false): Caller => {
  const body = { messages: [{ role: 'user', content }], stream: isStream };
  return async (up) => (await up.chat(body)).text();
};

const sending = (body: string): Caller => {
  return async (up) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${up.dataUrl}/v1/chat/completions`, { method: 'POST', headers, body });
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(500);
    await response.text();
  };
};

const raw = (text: string, thenLeave: boolean): Caller => {
  return async ({ dataUrl }) => {
    const caller = await callRaw(Number(new URL(dataUrl).port), text);
    if (!thenLeave) return caller.untilClosed();
    await new Promise((resolve) => setTimeout(resolve, 20));
    caller.socket.resetAndDestroy();
    return undefined;
  };
};

const asking = (content: string, isStream: boolean) =>
  rawChat({ messages: [{ role: 'user', content }], stream: isStream });

/** One of each kind of trouble. */
const BATCH: readonly Caller[] = [
  saying('answer'),
  saying('stream', true),
  saying('status 500'),
  saying('status 503'),
  saying('status 400'),
  saying('redirect'),
  saying('hang up'),
  saying('garbage', true),
  saying('error frame', true),
  saying('hang up within', true),
  saying('fall silent', true),
  saying('say nothing'),
  sending('{'),
  sending('[]'),
  sending(JSON.stringify(aChat({ model: 'unknown' }))),
  sending(JSON.stringify(aChat({ messages: [] }))),
  sending(JSON.stringify(aChat({ max_tokens: -1 }))),
  sending(JSON.stringify(aChat({ padding: 'x'.repeat(200_000) }))),
  sending(`{"model":"m","messages":${'['.repeat(5_000)}`),
  raw('nonsense\r\n\r\n', false),
  raw(rawHead(['content-length: 1', 'content-length: 2']), false),
  raw(rawHead(['content-length: 1', 'transfer-encoding: chunked']), false),
  raw('POST /v1/chat/completions HTTP/1.1\r\nhost:', false),
  raw(rawHead(['content-type: application/json', 'content-length: 100']), false),
  raw(rawHead(['content-type: application/json', 'content-length: 100']), true),
  raw(asking('say nothing', false), true),
  raw(asking('say nothing', true), true),
  raw(asking('fall silent', true), true),
];

/** How often a batch is sent in all, and how many of them at a time. */
const BATCHES = 200;
const AT_A_TIME = 20;

async function sendBatches(up: Up, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += AT_A_TIME) {
    await Promise.all(Array.from({ length: AT_A_TIME }).flatMap(() => BATCH.map((call) => call(up))));
  }
}

interface Use {
  readonly sockets: number;
  readonly residentBytes: number;
  readonly liveBytes: number;
}

/** What the process holds, as it and the kernel say. */
async function useOf(up: Up): Promise<Use> {
  const { pid } = up;
  const links = (await readdir(`/proc/${pid}/fd`)).map((fd) =>
    readlink(`/proc/${pid}/fd/${fd}`).catch(() => ''),
  );
  const liveBytes = await liveBytesOf(up);
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return {
    sockets: (await Promise.all(links)).filter((link) => link.startsWith('socket:')).length,
    residentBytes: Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) * 1024,
    liveBytes,
  };
}

/** A call that is kept by mistake takes some kilobytes; there are 2,800 of them between the two measurements. */
const MOST_LIVE_GROWTH_BYTES = 3e6;
/** What lies outside of what the runtime counts. */
const MOST_RESIDENT_GROWTH_BYTES = 100e6;

describe('after two hundred times everything that can go wrong', () => {
  it.runIf(process.platform === 'linux')(
    'the process serves as before, and holds no slot, no socket and no memory',
    { timeout: 120_000 },
    async () => {
      const up = await startFleet();
      const atRest = await useOf(up);
      await sendBatches(up, BATCHES / 2);
      const half = await useOf(up);
      await sendBatches(up, BATCHES / 2);

      const none = {
        waiting: 0,
        running: 0,
        waitingTokens: 0,
        inFlight: [0, 0],
        prefillTokens: [0, 0],
        open: '0',
      };
      await eventually(async () => expect(await heldBy(up)).toEqual(none));
      await eventually(async () => expect((await useOf(up)).sockets).toBeLessThanOrEqual(atRest.sockets + 1));
      await eventually(() => expect(engines.map(({ openSockets }) => openSockets)).toEqual([0, 0]));
      const { liveBytes, residentBytes } = await useOf(up);
      expect(liveBytes - half.liveBytes).toBeLessThan(MOST_LIVE_GROWTH_BYTES);
      expect(residentBytes - half.residentBytes).toBeLessThan(MOST_RESIDENT_GROWTH_BYTES);

      for (const content of ['answer', 'stream']) {
        expect((await up.chat({ messages: [{ role: 'user', content }] })).status).toBe(200);
      }
      expect(up.hasEnded).toBe(false);
      expectNoStumble(up.stdout(), up.stderr());
    },
  );
});
