import { hash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { SignalboxError } from '../../src/domain/index.ts';
import type { SideAnswer, SideCall, SideDoor } from '../../src/gateway/index.ts';
import { openSandbox } from './support/sandbox.ts';

const sandbox = openSandbox();

function aDoor(answer: (call: SideCall) => SideAnswer | Promise<SideAnswer>): SideDoor {
  return {
    isFor: (path) => path.startsWith('/v1/files'),
    maxBodyBytes: 1000,
    maxBodiesAtOnce: 2,
    answer: async (call) => answer(call),
  };
}

const echo = aDoor(({ method, path, query, body, tenant }) => ({
  status: 200,
  contentType: 'application/json',
  body: JSON.stringify({ method, path, query: query.get('a'), body: Buffer.from(body).toString(), tenant }),
}));

describe('a path that another room answers', () => {
  it('gets the call whole, with a request id', async () => {
    const { url } = await sandbox.gateway({ options: { sideDoors: [echo] } });
    const answer = await fetch(`${url}/v1/files?a=b`, { method: 'POST', body: 'content' });
    expect(answer.headers.get('x-request-id')).toBeTruthy();
    expect(await answer.json()).toEqual({ method: 'POST', path: '/v1/files', query: 'b', body: 'content' });
  });

  it('is behind the API keys, and is told whose they are', async () => {
    const keys = { one: { sha256: hash('sha256', 'key-one', 'hex'), tenant: 'acme' } };
    const { url } = await sandbox.gateway({ options: { sideDoors: [echo] }, intake: { keys } });
    expect((await fetch(`${url}/v1/files`)).status).toBe(401);
    const answer = await fetch(`${url}/v1/files`, { headers: { authorization: 'Bearer key-one' } });
    expect(await answer.json()).toMatchObject({ tenant: 'acme' });
  });

  it('fails in the shape of all others', async () => {
    const door = aDoor(() => {
      throw new SignalboxError('not_found', 'No such File object: x', { param: 'id' });
    });
    const { url } = await sandbox.gateway({ options: { sideDoors: [door] } });
    const answer = await fetch(`${url}/v1/files/x`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ error: { code: 'not_found', param: 'id' } });
  });

  it('has a limit of its own for bodies', async () => {
    const { url } = await sandbox.gateway({ options: { sideDoors: [echo] } });
    const answer = await fetch(`${url}/v1/files`, { method: 'POST', body: 'x'.repeat(1001) });
    expect(answer.status).toBe(413);
    expect(((await answer.json()) as { error: { message: string } }).error.message).toContain('1000 bytes');
  });

  it('holds only so many bodies at a time, and counts out those whose callers went away', async () => {
    let finish: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let begun = 0;
    const door = aDoor(async () => {
      begun++;
      await held;
      return { status: 200, contentType: 'text/plain', body: 'done' };
    });
    const { url } = await sandbox.gateway({ options: { sideDoors: [door] } });
    const post = (signal?: AbortSignal) =>
      fetch(`${url}/v1/files`, { method: 'POST', body: 'x', ...(signal !== undefined && { signal }) });
    const gone = new AbortController();
    const [first, second] = [post(), post(gone.signal).catch(() => undefined)];
    await expect.poll(() => begun).toBe(2);
    const refused = await post();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
    expect(
      (await fetch(`${url}/v1/files`, { signal: AbortSignal.timeout(50) }).catch(() => 'taken')) === 'taken',
    ).toBe(true);
    gone.abort();
    await second;
    const third = post();
    await expect.poll(() => begun).toBe(4);
    finish();
    expect([(await first).status, (await third).status]).toEqual([200, 200]);
    expect((await post()).status).toBe(200);
  });

  it('may answer piece by piece, and cuts the connection where a piece fails', async () => {
    const piece = new Uint8Array(64 * 1024).fill(120);
    async function* pieces(fails: boolean) {
      for (let count = 0; count < 40; count++) yield piece;
      if (fails) throw new Error('the storage is gone');
    }
    const door = aDoor(({ query }) => ({
      status: 200,
      contentType: 'application/octet-stream',
      body: pieces(query.get('fails') !== null),
    }));
    const { url } = await sandbox.gateway({ options: { sideDoors: [door] } });
    const whole = await (await fetch(`${url}/v1/files`)).arrayBuffer();
    expect(whole.byteLength).toBe(40 * piece.length);
    await expect(fetch(`${url}/v1/files?fails`).then((answer) => answer.arrayBuffer())).rejects.toThrow();
  });
});
