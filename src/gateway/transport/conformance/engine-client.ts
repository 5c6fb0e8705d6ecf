/** The engine client's half of the conformance suite. */

import assert from 'node:assert/strict';
import type {
  CreateEngineClient,
  EngineCall,
  EngineClient,
  EngineFailure,
  EngineListener,
  HeaderMap,
} from '../port.ts';
import { type ConformanceTools, type Engine, startEngine, type Wire } from './tools.ts';
import { pause, until } from './until.ts';

/** Everything that was told of a call, in order. */
class Told implements EngineListener {
  readonly events: string[] = [];
  status = 0;
  headers: HeaderMap = {};
  body = '';
  failure: EngineFailure | undefined;

  onHead(status: number, headers: HeaderMap): void {
    this.events.push('head');
    this.status = status;
    this.headers = headers;
  }

  onBytes(bytes: Uint8Array): void {
    this.events.push('bytes');
    this.body += Buffer.from(bytes).toString('latin1');
  }

  onEnd(): void {
    this.events.push('end');
  }

  onFailure(failure: EngineFailure): void {
    this.events.push('failure');
    this.failure = failure;
  }

  async over(): Promise<this> {
    await until(() => this.events.includes('end') || this.events.includes('failure'), 'the call is over');
    return this;
  }
}

interface Running {
  readonly engine: Engine;
  readonly client: EngineClient;
  call(told: EngineListener, path?: string, instanceId?: string): EngineCall;
}

export function describeEngineClient(createClient: CreateEngineClient, { it }: ConformanceTools): void {
  const running = (
    name: string,
    onConnection: (wire: Wire) => void,
    body: (running: Running) => Promise<void>,
    maxConnections = 4,
  ) =>
    it(name, async () => {
      const engine = await startEngine(onConnection);
      const client = createClient({ connectTimeoutMs: 1000, keepAliveTimeoutMs: 2000 });
      const call = (told: EngineListener, path = '/v1/x?y=z', instanceId = 'a') =>
        client.call(
          { instanceId, url: `${engine.url}/base/`, maxConnections },
          {
            method: 'POST',
            path,
            headers: ['x-one', '1', 'content-type', 'a/b'],
            body: Buffer.from('hello'),
          },
          told,
        );
      try {
        await body({ engine, client, call });
      } finally {
        await client.close();
        await engine.close();
      }
    });

  running(
    'sends method, path, headers and body',
    ({ socket }) => socket.write(OK),
    async ({ engine, call }) => {
      const told = new Told();
      call(told);
      await told.over();
      const sent = engine.wires[0]!.received();
      assert.match(sent, /^POST \/base\/v1\/x\?y=z HTTP\/1\.1\r\n/);
      assert.match(sent, /\r\nhost: 127\.0\.0\.1:\d+\r\n/i);
      assert.match(sent, /\r\nx-one: 1\r\n/i);
      assert.match(sent, /\r\ncontent-length: 5\r\n/i);
      assert.ok(sent.endsWith('\r\n\r\nhello'));
    },
  );

  const framings: readonly [string, string, boolean][] = [
    ['of a declared length', 'HTTP/1.1 201 Made\r\nX-Two: 2\r\ncontent-length: 5\r\n\r\nwhole', false],
    [
      'in chunks',
      'HTTP/1.1 201 Made\r\nx-two: 2\r\ntransfer-encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n',
      false,
    ],
    ['until the connection closes', 'HTTP/1.1 201 Made\r\nx-two: 2\r\nconnection: close\r\n\r\nwhole', true],
    [
      'after a 103',
      `HTTP/1.1 103 Early\r\nx: y\r\n\r\nHTTP/1.1 201 Made\r\nx-two: 2\r\ncontent-length: 5\r\n\r\nwhole`,
      false,
    ],
  ];
  for (const [how, answer, ends] of framings) {
    const onConnection = ({ socket }: Wire) => (ends ? socket.end(answer) : socket.write(answer));
    running(`reads an answer ${how}`, onConnection, async ({ call }) => {
      const told = new Told();
      call(told);
      await told.over();
      assert.deepEqual([told.status, told.headers['x-two'], told.body], [201, '2', 'whole']);
      assert.deepEqual([told.events[0], told.events.at(-1)], ['head', 'end']);
    });
  }

  running(
    'tells of bytes as they come',
    ({ socket }) => socket.write(`${CHUNKED}1\r\na\r\n`),
    async ({ engine, call }) => {
      const told = new Told();
      call(told);
      await until(() => told.body === 'a', 'the first byte came');
      engine.wires[0]!.socket.write('1\r\nb\r\n0\r\n\r\n');
      await told.over();
      assert.equal(told.body, 'ab');
    },
  );

  running(
    'follows no redirect',
    ({ socket }) => socket.write(REDIRECT),
    async ({ engine, call }) => {
      const told = new Told();
      call(told);
      await told.over();
      assert.deepEqual([told.status, told.headers.location, engine.wires.length], [307, '/elsewhere', 1]);
    },
  );

  running('uses a connection again', answerEach(OK), async ({ engine, client, call }) => {
    for (let count = 0; count < 3; count++) {
      const told = new Told();
      call(told);
      await told.over();
      assert.equal(told.body, 'ok');
      await pause(5);
    }
    assert.deepEqual([engine.wires.length, client.openConnections], [1, 1]);
  });

  running(
    'opens no more connections than it may',
    () => {},
    async ({ engine, call }) => {
      for (let count = 0; count < 5; count++) call(new Told());
      await until(() => engine.wires.length === 2, 'two connections are open');
      await pause(50);
      assert.equal(engine.wires.length, 2);
    },
    2,
  );

  const failures: readonly [string, (wire: Wire) => void, EngineFailure['kind']][] = [
    ['closes without an answer', ({ socket }) => socket.destroy(), 'disconnected'],
    ['resets', ({ socket }) => socket.resetAndDestroy(), 'disconnected'],
    ['closes within the headers', ({ socket }) => socket.end('HTTP/1.1 200 OK\r\nx-'), 'disconnected'],
    [
      'closes within a declared length',
      ({ socket }) => socket.end(`${HEAD}content-length: 9\r\n\r\nhalf`),
      'disconnected',
    ],
    ['closes between chunks', ({ socket }) => socket.end(`${CHUNKED}4\r\nhalf\r\n`), 'disconnected'],
    ['says what is not HTTP', ({ socket }) => socket.write('SSH-2.0-x\r\n'), 'not-http'],
    [
      'declares two lengths',
      ({ socket }) => socket.write(`${HEAD}content-length: 1\r\ncontent-length: 2\r\n\r\nxx`),
      'not-http',
    ],
    ['sends endless headers', ({ socket }) => socket.write(`${HEAD}x: ${'x'.repeat(100_000)}`), 'not-http'],
  ];
  for (const [what, onConnection, kind] of failures) {
    running(`tells of an engine that ${what}`, onConnection, async ({ call }) => {
      const told = new Told();
      call(told);
      await told.over();
      assert.equal(told.failure?.kind, kind);
      assert.notEqual(told.failure?.message, '');
      await pause(20);
      assert.equal(told.events.filter((event) => event === 'failure' || event === 'end').length, 1);
    });
  }

  it('tells of an engine that cannot be reached, but not before the call has returned', async () => {
    const client = createClient({ connectTimeoutMs: 1000, keepAliveTimeoutMs: 2000 });
    const told = new Told();
    const target = { instanceId: 'a', url: 'http://127.0.0.1:1', maxConnections: 1 };
    client.call(target, { method: 'POST', path: '/', headers: [], body: new Uint8Array(0) }, told);
    assert.deepEqual(told.events, []);
    assert.equal((await told.over()).failure?.kind, 'unreachable');
    await client.close();
  });

  running(
    'tells of a call that cannot be sent, but not before it has returned',
    () => {},
    async ({ engine, client }) => {
      const told = new Told();
      const headers = ['x-bad', 'line\r\nbreak'];
      const target = { instanceId: 'a', url: engine.url, maxConnections: 1 };
      client.call(target, { method: 'POST', path: '/', headers, body: new Uint8Array(0) }, told);
      assert.deepEqual(told.events, []);
      assert.equal((await told.over()).failure?.kind, 'unsendable');
    },
  );

  for (const [when, answer] of [
    ['before an answer', ''],
    ['within an answer', `${'HTTP/1.1 200 OK\r\n'}transfer-encoding: chunked\r\n\r\n1\r\na\r\n`],
  ] as const) {
    running(
      `drops an aborted call ${when} at once`,
      ({ socket }) => socket.write(answer),
      async ({ engine, client, call }) => {
        const told = new Told();
        const aborted = call(told);
        await until(
          () => engine.wires.length === 1 && told.body === (answer === '' ? '' : 'a'),
          'it is under way',
        );
        await until(() => engine.wires[0]!.received() !== '', 'the engine has it');
        const before = told.events.length;
        aborted.abort();
        aborted.abort();
        await until(() => engine.wires[0]!.isClosed, 'the connection is closed');
        assert.equal(told.events.length, before);
        await until(() => client.openConnections === 0, 'no connection is left');
      },
    );
  }

  running('never sends a call that is aborted at once', answerEach(OK), async ({ engine, call }) => {
    const told = new Told();
    call(told).abort();
    const next = new Told();
    call(next, '/next');
    await next.over();
    assert.equal(
      engine.wires.map((wire) => wire.received()).filter((text) => text.includes('/v1/x')).length,
      0,
    );
    assert.deepEqual(told.events, []);
  });

  running('holds the engine back while paused', sendForever, async ({ engine, call }) => {
    const told = new Told();
    const flowing = call(told);
    await until(() => told.body.length > 0, 'it flows');
    flowing.pause();
    await untilStill(() => told.body.length);
    const paused = told.body.length;
    await until(() => engine.wires[0]!.socket.writableLength > 0, 'the engine is held back');
    flowing.resume();
    await until(() => told.body.length > paused + 1_000_000, 'it flows again');
    flowing.abort();
  });

  running(
    'lets calls to a forgotten instance finish, and closes its connections',
    () => {},
    async (context) => {
      const { engine, client, call } = context;
      const told = new Told();
      call(told);
      await until(() => engine.wires.length === 1 && engine.wires[0]!.received() !== '', 'the engine has it');
      client.forget('a');
      engine.wires[0]!.socket.write(OK);
      await told.over();
      assert.equal(told.body, 'ok');
      await until(() => engine.wires[0]!.isClosed, 'the connection is closed');
    },
  );

  running(
    'goes to the new address of an instance that moved',
    answerEach(OK),
    async ({ engine, client, call }) => {
      const first = new Told();
      call(first);
      await first.over();
      const moved = await startEngine(answerEach(OK));
      const told = new Told();
      const target = { instanceId: 'a', url: moved.url, maxConnections: 1 };
      client.call(target, { method: 'POST', path: '/', headers: [], body: new Uint8Array(0) }, told);
      await told.over();
      assert.equal(moved.wires.length, 1);
      await until(() => engine.wires[0]!.isClosed, 'the old connection is closed');
      await client.close();
      await moved.close();
    },
  );
}

const HEAD = 'HTTP/1.1 200 OK\r\n';
const OK = `${HEAD}content-length: 2\r\n\r\nok`;
const CHUNKED = `${HEAD}transfer-encoding: chunked\r\n\r\n`;
const REDIRECT = 'HTTP/1.1 307 Elsewhere\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n';

/** Answers the first call on a connection and every one after it. */
function answerEach(answer: string): (wire: Wire) => void {
  return ({ socket }) => {
    socket.write(answer);
    socket.on('data', () => socket.write(answer));
  };
}

function sendForever({ socket }: Wire): void {
  const piece = `10000\r\n${'x'.repeat(65_536)}\r\n`;
  const more = () => {
    if (socket.destroyed) return;
    if (socket.write(piece)) setImmediate(more);
    else socket.once('drain', more);
  };
  socket.write(CHUNKED);
  more();
}

async function untilStill(value: () => number): Promise<void> {
  for (let last = -1; last !== value(); ) {
    last = value();
    await pause(60);
  }
}
