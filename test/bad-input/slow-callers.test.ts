import { describe, expect, it } from 'vitest';
import { callRaw, parseRawAnswer, rawChat, rawHead } from '../gateway/support/raw.ts';
import type { Script } from '../gateway/support/upstream.ts';
import { ANSWER } from './support/engine.ts';
import { eventually, pause } from './support/eventually.ts';
import { type House, openHouses } from './support/house.ts';

const startHouse = openHouses();

/** Sends a text byte by byte until it has been sent or the connection is closed, and gives what was answered. */
async function drip(house: House, text: string, everyMs: number): Promise<string> {
  const caller = await callRaw(house.port);
  for (const letter of text) {
    if (caller.isClosed) break;
    caller.send(letter);
    await pause(everyMs);
  }
  return caller.untilClosed();
}

describe('a caller who sends one byte at a time', () => {
  it('is told 408 when its headers take too long in all', async () => {
    const house = await startHouse([ANSWER], { config: { limits: { headTimeoutMs: 200 } } });
    const answer = parseRawAnswer(await drip(house, rawChat(), 20));
    expect(answer).toMatchObject({ status: 408, body: { error: { code: 'request_timeout' } } });
    expect(house.engine.calls).toHaveLength(0);
  });

  it('is told 408 when its body takes too long in all, though each byte comes in time', async () => {
    const limits = { bodyIdleTimeoutMs: 2_000, bodyTimeoutMs: 200 };
    const house = await startHouse([ANSWER], { config: { limits } });
    const caller = await callRaw(
      house.port,
      rawHead(['content-type: application/json', 'content-length: 9999']),
    );
    const timer = setInterval(() => caller.send(' '), 20);
    const answer = await caller.untilClosed();
    clearInterval(timer);
    expect(parseRawAnswer(answer)).toMatchObject({
      status: 408,
      body: { error: { code: 'request_timeout', type: 'timeout_error' } },
    });
    expect(answer.toLowerCase()).toContain('connection: close');
  });

  it('is told 408 when it falls silent in the middle of its body', async () => {
    const house = await startHouse([ANSWER], { config: { limits: { bodyIdleTimeoutMs: 150 } } });
    const caller = await callRaw(house.port, rawChat().slice(0, -1));
    const answer = parseRawAnswer(await caller.untilClosed());
    expect(answer).toMatchObject({ status: 408, body: { error: { code: 'request_timeout' } } });
  });

  it('is served when it is done in time', async () => {
    const house = await startHouse([ANSWER]);
    expect(await drip(house, rawChat({}, ['connection: close']), 1)).toMatch(/^HTTP\/1\.1 200/);
  });

  it('takes nothing from the others, even when there are two hundred of it', async () => {
    const house = await startHouse([ANSWER], { config: { limits: { headTimeoutMs: 1_000 } } });
    const callers = await Promise.all(Array.from({ length: 200 }, () => callRaw(house.port, 'POST /v1')));
    const drops = setInterval(() => {
      for (const caller of callers) caller.send('/');
    }, 50);
    for (let call = 0; call < 20; call += 1) expect((await house.chat()).status).toBe(200);
    const answers = await Promise.all(callers.map((caller) => caller.untilClosed()));
    clearInterval(drops);
    expect(answers.map((answer) => parseRawAnswer(answer).status)).toEqual(callers.map(() => 408));
  });
});

/** Writes as fast as it is taken, and counts what was taken. */
function flood(
  taken: { bytes: number },
  begin: (response: Parameters<Script>[0]) => void,
  piece: Buffer,
): Script {
  return (response) => {
    begin(response);
    const more = () => {
      if (response.destroyed) return;
      taken.bytes += piece.length;
      if (response.write(piece)) setImmediate(more);
      else response.once('drain', more);
    };
    more();
  };
}

const FLOODS: readonly [string, (taken: { bytes: number }) => Script, object][] = [
  [
    'a stream',
    (taken) =>
      flood(
        taken,
        (response) => response.writeHead(200, { 'content-type': 'text/event-stream' }),
        Buffer.from(`data: {"choices":[{"delta":{"content":"${'x'.repeat(16_000)}"}}]}\n\n`),
      ),
    { stream: true },
  ],
  [
    'a whole answer',
    (taken) =>
      flood(
        taken,
        (response) => response.writeHead(200, { 'content-type': 'application/json' }),
        Buffer.alloc(65_536, ' '),
      ),
    {},
  ],
];

/** What sockets and kernel may hold between an engine that floods and a caller that does not read. */
const MOST_HELD_BYTES = 64 * 1024 * 1024;

describe.each(FLOODS)('a caller who never reads %s', (_, script, body) => {
  it('holds the engine back, is cut off in the end, and the engine is let go of', async () => {
    const taken = { bytes: 0 };
    const house = await startHouse([script(taken)], { config: { limits: { writeIdleTimeoutMs: 400 } } });
    const caller = await callRaw(house.port);
    caller.socket.pause();
    caller.send(rawChat(body));
    await eventually(() => expect(house.engine.calls[0]?.abortedAtMs).toBeDefined());
    expect(taken.bytes).toBeGreaterThan(100_000);
    expect(taken.bytes).toBeLessThan(MOST_HELD_BYTES);
    const ended = /signalbox_requests_total\{[^}]*outcome="cancelled"[^}]*\} 1$/m;
    await eventually(async () => expect(await house.metrics()).toMatch(ended));
    caller.socket.destroy();
  });

  it('does not keep others from being served', async () => {
    const taken = { bytes: 0 };
    const house = await startHouse([script(taken)]);
    const caller = await callRaw(house.port);
    caller.socket.pause();
    caller.send(rawChat(body));
    await eventually(() => expect(taken.bytes).toBeGreaterThan(100_000));
    house.engine.script = ANSWER;
    expect((await house.chat()).status).toBe(200);
    caller.socket.destroy();
  });
});
