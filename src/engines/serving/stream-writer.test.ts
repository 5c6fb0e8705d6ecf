import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { StreamWriter } from './stream-writer.ts';

/** Lets `write` answer one request; resolves with the pieces in which the answer came. */
async function piecesOf(
  write: (writer: StreamWriter, res: ServerResponse) => Promise<void>,
): Promise<string[]> {
  const server = createServer((_, res) => void write(new StreamWriter(res), res));
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const res = await new Promise<IncomingMessage>((resolve) =>
    get({ port, host: '127.0.0.1', agent: false }, resolve),
  );
  const pieces: string[] = [];
  for await (const piece of res) pieces.push(String(piece));
  return pieces;
}

/** Counts the calls of `write`, which are what costs. */
function counted(res: ServerResponse): () => number {
  let writes = 0;
  const write = res.write.bind(res);
  res.write = ((piece: string) => {
    writes++;
    return write(piece);
  }) as typeof res.write;
  return () => writes;
}

const later = () => new Promise((resolve) => setTimeout(resolve, 20));
const { signal } = new AbortController();

describe('writing a stream', () => {
  it('joins what is pushed at one moment, also across promises that are ready', async () => {
    let writes = 0;
    const pieces = await piecesOf(async (writer, res) => {
      const count = counted(res);
      writer.start();
      // As the events of an engine do, the frames come out of promises.
      await Promise.resolve();
      for (const frame of ['a', 'b', 'c']) {
        writer.push(frame);
        await writer.whenWritable(signal);
      }
      await later();
      writer.push('d');
      await later();
      writes = count();
      writer.end('e');
    });
    expect(pieces.join('')).toBe('abcde');
    expect(writes).toBe(2);
  });

  it('sends what was pushed last together with the end', async () => {
    const pieces = await piecesOf(async (writer) => {
      writer.start();
      writer.push('a');
      writer.end('z');
    });
    expect(pieces.join('')).toBe('az');
  });

  it('does not let much pile up while ticks are starved', async () => {
    let writes = 0;
    await piecesOf(async (writer, res) => {
      const count = counted(res);
      writer.start();
      for (let i = 0; i < 10; i++) writer.push('x'.repeat(10_000));
      writes = count();
      writer.end('');
    });
    expect(writes).toBe(5);
  });

  it('commits the status once', async () => {
    const starts: boolean[] = [];
    await piecesOf(async (writer) => {
      starts.push(writer.start(), writer.start());
      writer.end('x');
    });
    expect(starts).toEqual([true, false]);
  });

  it('makes the engine wait for a client that does not read, until it is gone', async () => {
    const gone = new AbortController();
    const server = createServer(async (_, res) => {
      const writer = new StreamWriter(res);
      writer.start();
      // More than the sockets' buffers on both sides take.
      writer.push('x'.repeat(30_000_000));
      res.on('close', () => gone.abort());
      waiting = writer.whenWritable(gone.signal);
      isWaiting = true;
    });
    let waiting: Promise<void> | undefined;
    let isWaiting = false;
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const request = get({ port, host: '127.0.0.1', agent: false });
    request.on('response', (response) => response.pause()).on('error', () => undefined);
    while (!isWaiting) await later();
    request.destroy();
    await waiting;
    expect(gone.signal.aborted).toBe(true);
  });

  it('says nothing more to a client that is gone', async () => {
    await expect(
      piecesOf(async (writer, res) => {
        writer.start();
        writer.push('a');
        await later();
        res.destroy();
        writer.push('b');
        await later();
        writer.end('c');
      }),
    ).rejects.toThrow(/aborted/);
  });
});
