import { describe, expect, it } from 'vitest';
import { controlRooms, failure } from '../__fixtures__/control-room.ts';
import type { AdminOptions } from '../options.ts';

const open = controlRooms();
const POST = { method: 'POST' };

describe('configuration', () => {
  it('is shown without its secrets', async () => {
    const room = await open({
      config: () => ({ policy: 'fifo', auth: { keys: [{ name: 'alice', sha256: 'hush' }] }, token: 'hush' }),
    });
    const answer = await room.call('/admin/config');
    expect(answer.text).not.toContain('hush');
    expect(answer.json()).toMatchObject({ policy: 'fifo', auth: { keys: [{ name: 'alice' }] } });
  });

  it('is loaded anew', async () => {
    let loads = 0;
    const reload = async () => {
      loads += 1;
      return { isApplied: true, problems: [] };
    };
    const room = await open({ reload });
    expect((await room.call('/admin/reload', POST)).json()).toEqual({ isApplied: true });
    expect(loads).toBe(1);
  });

  it('stays as it was when the new one is faulty, and says why', async () => {
    const problems = ['line 3: policy: found "fofo", allowed is fifo, priority'];
    const room = await open({ reload: async () => ({ isApplied: false, problems }) });
    expect(await failure(room, '/admin/reload', POST)).toMatchObject({
      status: 409,
      code: 'conflict',
      message: `The configuration was refused, the old one stays: ${problems[0]}`,
    });
  });

  it('says so where there is none', async () => {
    const room = await open();
    expect((await failure(room, '/admin/reload', POST)).status).toBe(409);
    expect((await failure(room, '/admin/config')).status).toBe(404);
    expect((await failure(room, '/admin/log-level')).status).toBe(404);
  });
});

describe('the log level', () => {
  const put = (body: string, type = 'application/json'): RequestInit => ({
    method: 'PUT',
    body,
    headers: { 'content-type': type },
  });

  async function openWithLevel() {
    let level: ReturnType<NonNullable<AdminOptions['logLevel']>['level']> = 'info';
    const setLevel = (to: typeof level) => {
      level = to;
    };
    return open({ logLevel: { level: () => level, setLevel }, onInternalError: console.error });
  }

  it('is changed while running', async () => {
    const room = await openWithLevel();
    expect((await room.call('/admin/log-level', put('{"level":"debug"}'))).json()).toEqual({
      level: 'debug',
    });
    expect((await room.call('/admin/log-level')).json()).toEqual({ level: 'debug' });
  });

  it.each([
    [
      '{"level":"loud"}',
      400,
      'level: found "loud", allowed is one of trace, debug, info, warn, error, fatal, silent.',
    ],
    ['{}', 400, 'level: found nothing, allowed is one of trace, debug, info, warn, error, fatal, silent.'],
    ['[]', 400, 'the request: found [], allowed is an object with the field level.'],
    ['{"level"', 400, 'The request body: Malformed JSON in request body'],
    [`{"level":"${'x'.repeat(2000)}"}`, 413, 'The request body is too large.'],
  ])('refuses %.20s', async (body, status, message) => {
    const room = await openWithLevel();
    expect(await failure(room, '/admin/log-level', put(body))).toMatchObject({ status, message });
    expect((await room.call('/admin/log-level')).json()).toEqual({ level: 'info' });
  });

  it('refuses a body that is no JSON', async () => {
    const room = await openWithLevel();
    const error = await failure(room, '/admin/log-level', put('level=debug', 'text/plain'));
    expect(error).toMatchObject({ status: 415, code: 'unsupported_media_type' });
  });
});
