import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseReplayOptions, type RawReplayOptions } from '../../src/cli/replay/options.ts';
import type { ReplayReport } from '../../src/cli/replay/report.ts';
import { runReplay } from '../../src/cli/replay/run.ts';
import {
  type Behaviour,
  frame,
  type SseTarget,
  startSseTarget,
  streaming,
} from './__fixtures__/sse-target.ts';

const TRACE = 'time_s,client,prompt_tokens,output_tokens\n0,,5,2\n0.05,,5,2\n0.1,,5,2';

let directory: string;
let target: SseTarget | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'signalbox-replay-'));
});

afterEach(async () => {
  await target?.close();
  target = undefined;
  await rm(directory, { recursive: true, force: true });
});

async function replay(given: Partial<RawReplayOptions> = {}, traceText = TRACE): Promise<ReplayReport> {
  const trace = join(directory, 'trace');
  await writeFile(trace, traceText);
  const silent = { write: () => true };
  return runReplay(parseReplayOptions({ trace, target: target?.url ?? 'http://127.0.0.1:1', ...given }), {
    stdout: silent,
    stderr: silent,
    interrupt: new AbortController().signal,
  });
}

/** Misbehaves once, in the middle of three requests. */
const onceBad =
  (bad: Behaviour): Behaviour =>
  (request, response, index) =>
    (index === 1 ? bad : streaming())(request, response, index);

function beginStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(frame({ delta: { content: 'a' } }));
}

const later = (action: () => unknown): NodeJS.Timeout => setTimeout(action, 30);

describe('a request that fails', () => {
  const kinds: readonly (readonly [string, Behaviour, Readonly<Record<string, unknown>>])[] = [
    [
      'by an error status with a code',
      (_, response) =>
        response
          .writeHead(429, { 'content-type': 'application/json', 'retry-after': '1' })
          .end('{"error":{"message":"The queue is full.","type":"rate_limit_error","code":"queue_full"}}'),
      { kind: 'http', status: 429, code: 'queue_full', message: 'The queue is full.' },
    ],
    [
      'by an error status without sense',
      (_, response) => response.writeHead(502).end('<h1>Bad Gateway</h1>'),
      { kind: 'http', status: 502, message: '<h1>Bad Gateway</h1>' },
    ],
    [
      'by a redirection, which is not followed',
      (_, response) => response.writeHead(302, { location: '/elsewhere' }).end(),
      { kind: 'http', status: 302 },
    ],
    [
      'by an error event in the stream',
      (_, response) => {
        beginStream(response);
        response.end(
          'event: error\ndata: {"error":{"message":"engine lost","code":"upstream_disconnected"}}\n\n',
        );
      },
      { kind: 'stream_error', code: 'upstream_disconnected', message: 'engine lost' },
    ],
    [
      'by a stream that ends without its end mark',
      (_, response) => {
        beginStream(response);
        response.end();
      },
      { kind: 'truncated' },
    ],
    [
      'by a connection that breaks within the stream',
      (_, response) => {
        beginStream(response);
        later(() => response.socket?.destroy());
      },
      { kind: 'truncated' },
    ],
    [
      'by a connection that breaks before any answer',
      (_, response) => later(() => response.socket?.destroy()),
      { kind: 'disconnected' },
    ],
    [
      'by an answer that is no stream',
      (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"choices":[]}'),
      { kind: 'invalid_stream', message: 'answered application/json instead of text/event-stream' },
    ],
  ];

  it.each(kinds)('%s is counted as that, and spoils no other', async (_name, bad, failure) => {
    target = await startSseTarget(onceBad(bad));
    const report = await replay();
    expect(report.requests).toMatchObject({ sent: 3, completed: 2, failed: 1, aborted: 0 });
    expect(report.failures).toEqual([expect.objectContaining({ ...failure, count: 1 })]);
    expect(report.goodput).toMatchObject({ met: 2, share: 2 / 3 });
  });

  it.each([
    ['hangs before its headers', () => undefined],
    ['hangs within its stream', (_: unknown, response: ServerResponse) => beginStream(response)],
    [
      'trickles on without end',
      (_: unknown, response: ServerResponse) => {
        beginStream(response);
        const timer = setInterval(() => response.write(': still here\n\n'), 20);
        response.on('close', () => clearInterval(timer));
      },
    ],
  ] as const)('because it %s ends at --timeout, and the target is told', async (_name, bad) => {
    target = await startSseTarget(onceBad(bad));
    const report = await replay({ timeout: '300ms' });
    expect(report.requests).toMatchObject({ completed: 2, failed: 1 });
    expect(report.failures).toMatchObject([{ kind: 'timeout', message: 'no complete answer within 300 ms' }]);
    await expect.poll(() => target?.droppedByClient()).toBe(1);
  });

  it('because the target went away is counted as without connection', async () => {
    target = await startSseTarget(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', connection: 'close' });
      response.end(`${frame({ delta: { content: 'a' } })}data: [DONE]\n\n`);
      setImmediate(() => target?.close());
    });
    const trace = 'time_s,client,prompt_tokens,output_tokens\n0,,5,2\n0.5,,5,2';
    const report = await replay({}, trace);
    expect(report.requests).toMatchObject({ sent: 2, completed: 1, failed: 1 });
    expect(report.failures).toMatchObject([{ kind: 'connect', code: 'ECONNREFUSED' }]);
  });
});

describe('a replay that cannot begin', () => {
  const refused = (exitCode: number, message: string | RegExp) =>
    expect.objectContaining({ name: 'ReplayError', exitCode, message: expect.stringMatching(message) });

  it('because nobody listens says so', async () => {
    const free = createServer();
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
    const { port } = free.address() as { port: number };
    await new Promise((resolve) => free.close(resolve));
    await expect(replay({ target: `http://127.0.0.1:${port}` })).rejects.toEqual(
      refused(
        1,
        /^cannot reach http:\/\/127\.0\.0\.1:\d+: connection refused, nothing listens there \(ECONNREFUSED\)$/,
      ),
    );
  });

  it('because the model is unknown lists those there are', async () => {
    target = await startSseTarget(streaming(), { models: ['llama', 'qwen'] });
    await expect(replay({ model: 'gpt' })).rejects.toEqual(
      refused(2, 'serves no model "gpt"; it lists llama, qwen'),
    );
    expect(target.seen).toHaveLength(0);
  });

  it('because there is no model says so', async () => {
    target = await startSseTarget(streaming(), { models: [] });
    await expect(replay()).rejects.toEqual(refused(1, 'serves no model at the moment'));
  });

  it('because a key is needed says so', async () => {
    target = await startSseTarget(streaming(), {
      modelsAnswer: (response) => response.writeHead(401).end('{}'),
    });
    await expect(replay()).rejects.toEqual(refused(1, 'answered 401: give a valid key with --api-key'));
  });

  it('because the target lists no models asks for the name, and takes it', async () => {
    target = await startSseTarget(streaming(), {
      modelsAnswer: (response) => response.writeHead(404).end('no'),
    });
    await expect(replay()).rejects.toEqual(
      refused(1, 'answered 404 and no list of models; name the model with --model'),
    );
    expect((await replay({ model: 'mine' })).parameters.model).toBe('mine');
  });

  it('because its JSON could not be written says so before anything is sent', async () => {
    target = await startSseTarget(streaming());
    await expect(replay({ json: join(directory, 'no', 'such', 'dir.json') })).rejects.toEqual(
      refused(2, 'its directory does not exist or cannot be written'),
    );
    expect(target.seen).toHaveLength(0);
  });

  it.each([
    ['', 'the trace is empty'],
    ['time_s,client,prompt_tokens,output_tokens\n', 'the trace holds no request'],
    ['name,age\nbob,3', 'the trace is of no known format: it begins with "name,age"'],
    [`${TRACE}\nbroken\n`, '1 of 4 lines \\(25 %\\) are broken, more than 1 %: line 5: 1 fields'],
  ])('because of the trace %j says so', async (text, message) => {
    target = await startSseTarget(streaming());
    await expect(replay({}, text)).rejects.toEqual(refused(2, message));
    expect(target.seen).toHaveLength(0);
  });

  it('because nothing is left, or there is no such trace, says so', async () => {
    target = await startSseTarget(streaming());
    await expect(replay({ offset: '3' })).rejects.toEqual(
      refused(2, 'holds 3 requests, so --offset 3 leaves none'),
    );
    await expect(replay({ format: 'azure' })).rejects.toEqual(refused(2, 'the trace is not azure'));
    await expect(replay({ trace: join(directory, 'none') })).rejects.toEqual(
      refused(2, 'there is no such file'),
    );
    await expect(replay({ trace: directory })).rejects.toEqual(refused(2, 'is a directory, not a trace'));
  });

  it('sends an unlisted model when told to', async () => {
    target = await startSseTarget(streaming());
    const report = await replay({ model: 'alias', modelCheck: false });
    expect(report.requests.completed).toBe(3);
    expect(target.seen[0]?.body.model).toBe('alias');
  });
});
