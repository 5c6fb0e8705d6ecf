import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { askControl, ExplainError } from './control-client.ts';

/** The address of a server that answers so. */
async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  onTestFinished(() => void server.close().closeAllConnections());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const answering = (status: number, body: string) =>
  serve((_request, response) => response.writeHead(status).end(body));
const failing = (status: number, code: string) =>
  answering(status, JSON.stringify({ error: { code, message: 'this is why' } }));
const messageFrom = async (url: string, token?: string) => {
  const error: unknown = await askControl({ url, token }, '/admin/decisions').catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ExplainError);
  return (error as ExplainError).message;
};

describe('asking the control listener', () => {
  it('gives what it answers', async () => {
    expect(await askControl({ url: await answering(200, '{"a":1}'), token: undefined }, '/x')).toEqual({
      a: 1,
    });
  });

  it('asks for the path with the token', async () => {
    const url = await serve(({ url: path, headers }, response) =>
      response.end(JSON.stringify([path, headers.authorization])),
    );
    expect(await askControl({ url, token: 'hush' }, '/x?y=1')).toEqual(['/x?y=1', 'Bearer hush']);
  });

  it('gives nothing for what is not there', async () => {
    expect(
      await askControl({ url: await failing(404, 'not_found'), token: undefined }, '/x'),
    ).toBeUndefined();
  });
});

describe('what stands in the way is said', () => {
  it('when nothing listens there', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    expect(await messageFrom(`http://127.0.0.1:${port}`)).toBe(
      `no Signalbox answers at http://127.0.0.1:${port} (nothing listens there); start one with \`signalbox up\`, or give ` +
        'its control listener with --control',
    );
  });

  it('when the host has no address', async () => {
    expect(await messageFrom('http://nowhere.invalid:8081')).toMatch(
      /^no Signalbox answers at http:\/\/nowhere/,
    );
  });

  it('when the connection is cut', async () => {
    const url = await serve(({ socket }) => void socket.destroy());
    expect(await messageFrom(url)).toContain('(the connection was closed)');
  });

  it('when a token is asked for, or is the wrong one', async () => {
    const url = await failing(401, 'invalid_api_key');
    expect(await messageFrom(url)).toBe(
      `${url} asks for its control token: give it with --token or in SIGNALBOX_CONTROL_TOKEN`,
    );
    expect(await messageFrom(url, 'wrong')).toBe(`${url} does not accept this control token`);
  });

  it('when it is the data listener', async () => {
    expect(await messageFrom(await failing(404, 'unknown_path'))).toContain('is not a control listener');
  });

  it('when it is something else', async () => {
    const page = await answering(200, '<html>');
    expect(await messageFrom(page)).toBe(
      `what listens at ${page} is not a Signalbox: it answered 200, not JSON`,
    );
    expect(await messageFrom(await answering(500, '[]'))).toMatch(/answered 500: without saying why$/);
    expect(await messageFrom(await answering(500, 'null'))).toMatch(/answered 500: without saying why$/);
  });

  it('when it fails', async () => {
    expect(await messageFrom(await failing(403, 'forbidden'))).toMatch(/answered 403: this is why$/);
  });
});
