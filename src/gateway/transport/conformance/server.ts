/** The server's half of the conformance suite. */

import assert from 'node:assert/strict';
import type {
  BodyOutcome,
  CreateServerTransport,
  Exchange,
  ServerOptions,
  ServerTransport,
} from '../port.ts';
import { type ConformanceTools, dial, type Wire } from './tools.ts';
import { pause, until } from './until.ts';

const OPTIONS: ServerOptions = {
  maxHeaderBytes: 8192,
  headTimeoutMs: 300,
  bodyIdleTimeoutMs: 150,
  bodyTimeoutMs: 400,
  writeIdleTimeoutMs: 200,
  keepAliveTimeoutMs: 10_000,
};

interface Running {
  readonly server: ServerTransport;
  readonly exchanges: Exchange[];
  call(text: string): Promise<Wire>;
}

export function describeServer(createServer: CreateServerTransport, { it }: ConformanceTools): void {
  /** A server whose exchanges are collected and, unless `onExchange` says otherwise, left unanswered. */
  const running = (
    name: string,
    body: (running: Running) => Promise<void>,
    onExchange?: (exchange: Exchange) => void,
  ) =>
    it(name, async () => {
      const exchanges: Exchange[] = [];
      const server = createServer(OPTIONS, (exchange) => {
        exchanges.push(exchange);
        onExchange?.(exchange);
      });
      const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
      const wires: Wire[] = [];
      const call = async (text: string) => {
        const wire = await dial(port, text);
        wires.push(wire);
        return wire;
      };
      try {
        await body({ server, exchanges, call });
      } finally {
        for (const { socket } of wires) socket.destroy();
        server.destroyConnections();
        await server.close();
      }
    });

  running('tells method, path, query and headers, and who calls', async ({ exchanges, call }) => {
    await call('PUT /a/b?c=d&e HTTP/1.1\r\nHost: h\r\nX-One: 1\r\nX-One: 2\r\n\r\n');
    await until(() => exchanges.length === 1, 'the call came');
    const { method, path, query, headers, remoteAddress } = exchanges[0]!.head;
    assert.deepEqual([method, path, query], ['PUT', '/a/b', '?c=d&e']);
    assert.deepEqual([headers.host, headers['x-one'], remoteAddress], ['h', '1, 2', '127.0.0.1']);
  });

  running(
    'answers with status, headers and bytes',
    async ({ call }) => {
      const wire = await call('GET / HTTP/1.1\r\nhost: h\r\n\r\n');
      await until(() => wire.received().endsWith('whole'), 'the answer came');
      assert.match(wire.received(), /^HTTP\/1\.1 418 .*\r\n/);
      assert.match(wire.received(), /\r\nx-one: 1\r\nx-one: 2\r\n/i);
    },
    (exchange) => {
      exchange.begin(418, ['content-length', '5', 'x-one', '1', 'x-one', '2']);
      exchange.write('wh');
      exchange.write(Buffer.from('ole'));
      exchange.end();
    },
  );

  running('sends what is written at once, not only at the end', async ({ exchanges, call }) => {
    const wire = await call('GET / HTTP/1.1\r\nhost: h\r\n\r\n');
    await until(() => exchanges.length === 1, 'the call came');
    exchanges[0]!.begin(200, []);
    exchanges[0]!.write('first');
    await until(() => wire.received().includes('first'), 'the first bytes came');
    exchanges[0]!.write('second');
    await until(() => wire.received().includes('second'), 'the second bytes came');
  });

  running(
    'takes one call after the other on a connection, unless told not to',
    async ({ exchanges, call }) => {
      const wire = await call('GET / HTTP/1.1\r\nhost: h\r\n\r\n');
      for (let count = 1; count <= 2; count++) {
        await until(() => exchanges.length === count, `call ${count} came`);
        if (count === 2) exchanges[1]!.closeAfterwards();
        exchanges[count - 1]!.begin(200, ['content-length', '0']);
        exchanges[count - 1]!.end();
        if (count === 1) wire.socket.write('GET / HTTP/1.1\r\nhost: h\r\n\r\n');
      }
      await until(() => wire.isClosed, 'the connection is closed');
      assert.match(wire.received(), /connection: close/i);
    },
  );

  const bodies: readonly [string, string, number, BodyOutcome['type']][] = [
    ['reads a body of a declared length', 'content-length: 5\r\n\r\nhello', 5, 'complete'],
    [
      'reads a body in chunks',
      'transfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n',
      5,
      'complete',
    ],
    ['takes no body for an empty one', '\r\n', 5, 'complete'],
    ['refuses a body declared too long before it comes', 'content-length: 6\r\n\r\n', 5, 'too-large'],
    [
      'refuses chunks that add up to too much',
      'transfer-encoding: chunked\r\n\r\n6\r\nhello!\r\n',
      5,
      'too-large',
    ],
    ['gives up a body that stops coming', 'content-length: 5\r\n\r\nhel', 5, 'too-slow'],
  ];
  for (const [name, rest, limitBytes, expected] of bodies) {
    running(name, async ({ exchanges, call }) => {
      await call(`POST / HTTP/1.1\r\nhost: h\r\n${rest}`);
      await until(() => exchanges.length === 1, 'the call came');
      const outcome = await new Promise<BodyOutcome>((done) => exchanges[0]!.readBody(limitBytes, done));
      assert.equal(outcome.type, expected);
      if (outcome.type === 'complete') {
        assert.equal(Buffer.from(outcome.body).toString(), rest === '\r\n' ? '' : 'hello');
      }
    });
  }

  running('gives up a body that drips for too long', async ({ exchanges, call }) => {
    const wire = await call('POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 1000\r\n\r\n');
    const drip = setInterval(() => wire.socket.write('x'), 10);
    await until(() => exchanges.length === 1, 'the call came');
    const outcome = await new Promise<BodyOutcome>((done) => exchanges[0]!.readBody(1000, done));
    clearInterval(drip);
    assert.equal(outcome.type, 'too-slow');
  });

  running('asks for a body only when it is to be read', async ({ exchanges, call }) => {
    const wire = await call(
      'POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n',
    );
    await until(() => exchanges.length === 1, 'the call came');
    await pause(20);
    assert.equal(wire.received(), '');
    exchanges[0]!.readBody(10, () => {});
    await until(() => wire.received().startsWith('HTTP/1.1 100'), 'the body is asked for');
  });

  for (const leave of ['destroy', 'resetAndDestroy', 'end'] as const) {
    running(`tells once of a caller that goes away (${leave})`, async ({ exchanges, call }) => {
      const wire = await call('GET / HTTP/1.1\r\nhost: h\r\n\r\n');
      await until(() => exchanges.length === 1, 'the call came');
      let told = 0;
      exchanges[0]!.listener = { onDrain() {}, onGone: () => (told += 1) };
      wire.socket[leave]();
      await until(() => told === 1, 'it is told');
      assert.equal(exchanges[0]!.isGone, true);
      exchanges[0]!.begin(200, []);
      exchanges[0]!.write('nobody reads this');
      exchanges[0]!.end();
      await pause(20);
      assert.equal(told, 1);
    });
  }

  running('tells of a caller that goes away with calls sent ahead', async ({ exchanges, call }) => {
    const wire = await call('GET /1 HTTP/1.1\r\nhost: h\r\n\r\nGET /2 HTTP/1.1\r\nhost: h\r\n\r\n');
    await until(() => exchanges.length === 2, 'both calls came');
    wire.socket.destroy();
    await until(() => exchanges.every(({ isGone }) => isGone), 'both are gone');
  });

  running('does not tell of a caller that goes away with its answer', async ({ exchanges, call }) => {
    const wire = await call('GET / HTTP/1.1\r\nhost: h\r\n\r\n');
    await until(() => exchanges.length === 1, 'the call came');
    let told = 0;
    exchanges[0]!.listener = { onDrain() {}, onGone: () => (told += 1) };
    exchanges[0]!.begin(200, ['content-length', '2']);
    exchanges[0]!.write('ok');
    exchanges[0]!.end();
    await until(() => wire.received().endsWith('ok'), 'the answer came');
    wire.socket.destroy();
    await pause(30);
    assert.equal(told, 0);
  });

  running(
    'holds back when the caller does not read, and goes on when it does',
    async ({ exchanges, call }) => {
      const wire = await call('GET / HTTP/1.1\r\nhost: h\r\n\r\n');
      await until(() => exchanges.length === 1, 'the call came');
      wire.socket.pause();
      exchanges[0]!.begin(200, []);
      const written = await writeUntilHeldBack(exchanges[0]!);
      let drained = false;
      exchanges[0]!.listener = { onDrain: () => (drained = true), onGone() {} };
      wire.socket.resume();
      await until(() => drained, 'it may go on');
      exchanges[0]!.end();
      await until(() => wire.received().endsWith('0\r\n\r\n'), 'all of it came');
      assert.ok(wire.received().length > written);
    },
  );

  running('cuts off a caller that reads nothing for too long', async ({ server, exchanges, call }) => {
    const wire = await call('GET / HTTP/1.1\r\nhost: h\r\n\r\n');
    await until(() => exchanges.length === 1, 'the call came');
    wire.socket.pause();
    exchanges[0]!.begin(200, []);
    await writeUntilHeldBack(exchanges[0]!);
    await until(() => exchanges[0]!.isGone, 'it is cut off');
    assert.equal(server.openConnections, 0);
  });

  running('cuts a connection so that a half answer shows', async ({ exchanges, call }) => {
    const wire = await call('GET / HTTP/1.1\r\nhost: h\r\n\r\n');
    await until(() => exchanges.length === 1, 'the call came');
    exchanges[0]!.begin(200, []);
    exchanges[0]!.write('half');
    await until(() => wire.received().includes('half'), 'half of it came');
    exchanges[0]!.destroy();
    await until(() => wire.isClosed, 'the connection is closed');
    assert.ok(!wire.received().endsWith('0\r\n\r\n'));
  });

  const refusals: readonly [string, string, RegExp][] = [
    ['what is not HTTP', 'what?\r\n\r\n', /^HTTP\/1\.1 400 [\s\S]*"code":"bad_http"/],
    ['a call without a host', 'GET / HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 [\s\S]*"code":"bad_http"/],
    [
      'a call with two hosts',
      'GET / HTTP/1.1\r\nhost: h\r\nHost: h\r\n\r\n',
      /^HTTP\/1\.1 400 [\s\S]*"code":"bad_http"/,
    ],
    [
      'a length and chunks at once',
      'POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
      /^HTTP\/1\.1 400 [\s\S]*"code":"bad_http"/,
    ],
    [
      'a head that is too long',
      `GET / HTTP/1.1\r\nhost: h\r\nx: ${'x'.repeat(10_000)}\r\n\r\n`,
      /^HTTP\/1\.1 431 [\s\S]*"code":"headers_too_large"/,
    ],
    ['a head that takes too long', 'GET / HTTP/1.1\r\n', /^HTTP\/1\.1 408 [\s\S]*"code":"request_timeout"/],
  ];
  for (const [what, text, expected] of refusals) {
    running(`refuses ${what} by itself`, async ({ exchanges, call }) => {
      const wire = await call(text);
      await until(() => wire.isClosed, 'the connection is closed');
      assert.match(wire.received(), expected);
      assert.equal(exchanges.length, 0);
    });
  }

  running('closes when told to: idle connections at once, busy ones after their answer', async (context) => {
    const { server, exchanges, call } = context;
    const idle = await call('');
    const busy = await call('GET / HTTP/1.1\r\nhost: h\r\n\r\n');
    await until(() => exchanges.length === 1, 'the call came');
    assert.equal(server.openConnections, 2);
    let hasClosed = false;
    const closing = server.close().then(() => (hasClosed = true));
    await until(() => idle.isClosed, 'the idle connection is closed');
    assert.deepEqual([busy.isClosed, hasClosed], [false, false]);
    exchanges[0]!.begin(200, ['content-length', '2']);
    exchanges[0]!.write('ok');
    exchanges[0]!.end();
    await closing;
    await until(() => busy.received().endsWith('ok'), 'the answer came');
    assert.equal(server.openConnections, 0);
  });
}

/** Writes until the kernel takes no more either; the bytes written. */
async function writeUntilHeldBack(exchange: Exchange): Promise<number> {
  const piece = Buffer.alloc(1024 * 1024, 0x78);
  let drained = false;
  exchange.listener = { onDrain: () => (drained = true), onGone() {} };
  for (let written = piece.length; written < MOST_HELD_BYTES; written += piece.length) {
    if (exchange.write(piece)) continue;
    await pause(60);
    if (!drained) return written;
    drained = false;
  }
  throw new Error(`never held back within ${MOST_HELD_BYTES} bytes`);
}

const MOST_HELD_BYTES = 256 * 1024 * 1024;
