import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ScriptedAppliance, startScriptedAppliance } from '../../../../test/f5/scripted-appliance.ts';
import { ManualClock } from '../../../domain/index.ts';
import { ApplianceError, meansPoolIsGone } from './appliance-error.ts';
import { createIControlClient, type IControlClient, type IControlOptions } from './client.ts';
import { parseMembers } from './members.ts';
import { fullPath } from './object-name.ts';

const POOL = { name: 'p', partition: 'Common' };
const GROUP = { name: 'g', partition: 'Common' };
const LOGGED_IN = { status: 200, body: { token: { token: 'T1', name: 'T1', timeout: 1200 } } };
const EXTENDED = { status: 200, body: { timeout: 36_000 } };
const NO_MEMBERS = { status: 200, body: { items: [] } };

let appliance: ScriptedAppliance;
let clock: ManualClock;
const clients: IControlClient[] = [];

beforeEach(async () => {
  appliance = await startScriptedAppliance();
  clock = new ManualClock(0);
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await appliance.close();
});

function connect(options: Partial<IControlOptions> = {}): IControlClient {
  const client = createIControlClient({ ...appliance, username: 'u', password: 'pw', clock, ...options });
  clients.push(client);
  return client;
}

const asked = () => appliance.asked.map(({ method, path }) => `${method} ${path}`);
const failure = (work: Promise<unknown>) =>
  work.then(
    () => expect.fail('did not fail'),
    (error: unknown) => error as ApplianceError,
  );

describe('the log-in', () => {
  it('is made once and extended, and its token sent along', async () => {
    appliance.answers.push(LOGGED_IN, EXTENDED, NO_MEMBERS, NO_MEMBERS);
    const client = connect();
    await client.members(POOL);
    await client.members(POOL);
    expect(asked()).toEqual([
      'POST /shared/authn/login',
      'PATCH /shared/authz/tokens/T1',
      'GET /tm/ltm/pool/~Common~p/members',
      'GET /tm/ltm/pool/~Common~p/members',
    ]);
    expect(appliance.asked.map(({ token }) => token)).toEqual([undefined, 'T1', 'T1', 'T1']);
    expect(client.token).toEqual({ name: 'T1', value: 'T1', expiresAtMs: 36_000_000 });
  });

  it('is shared by calls that need it at the same time', async () => {
    appliance.answers.push(LOGGED_IN, EXTENDED, NO_MEMBERS, NO_MEMBERS, NO_MEMBERS);
    const client = connect();
    await Promise.all([1, 2, 3].map(() => client.members(POOL)));
    expect(asked().filter((call) => call.startsWith('POST'))).toHaveLength(1);
  });

  it('is made anew when the token has expired, and the old one given back', async () => {
    appliance.answers.push(LOGGED_IN, { status: 400, body: 'no' }, NO_MEMBERS);
    const client = connect();
    await client.members(POOL);
    clock.advance(1_200_000);
    appliance.asked.length = 0;
    appliance.answers.push({ status: 404, body: {} }, LOGGED_IN, EXTENDED, NO_MEMBERS);
    await client.members(POOL);
    expect(asked().slice(0, 2)).toEqual(['DELETE /shared/authz/tokens/T1', 'POST /shared/authn/login']);
  });

  it('is made anew once when the appliance refuses the token, for all calls it refused', async () => {
    appliance.answers.push(LOGGED_IN, EXTENDED, NO_MEMBERS);
    const client = connect();
    await client.members(POOL);
    appliance.asked.length = 0;
    const refused = { status: 401, body: {} };
    appliance.answers.push(
      refused,
      refused,
      { status: 200, body: {} },
      LOGGED_IN,
      EXTENDED,
      NO_MEMBERS,
      NO_MEMBERS,
    );
    await Promise.all([client.members(POOL), client.members(POOL)]);
    expect(asked().filter((call) => call.startsWith('POST'))).toHaveLength(1);
  });

  it('is tried twice and no more', async () => {
    appliance.answers.push({ status: 401, body: {} }, { status: 401, body: {} });
    const error = await failure(connect().members(POOL));
    expect([error.failure, error.message]).toEqual(['refused', 'log-in: answered 401']);
    expect(asked()).toHaveLength(2);
  });

  it('that is answered without a token says so', async () => {
    appliance.answers.push({ status: 200, body: {} }, { status: 200, body: '<html>' });
    expect((await failure(connect().members(POOL))).message).toBe('log-in: the answer holds no token');
  });

  it('that finds no log-in page does not mean that a pool is gone', async () => {
    appliance.answers.push({ status: 404, body: {} }, { status: 404, body: {} });
    expect(meansPoolIsGone(await failure(connect().members(POOL)))).toBe(false);
  });
});

describe('the members of a pool', () => {
  it.each([
    [404, 'missing', 'there is no pool p in Common (404)'],
    [403, 'refused', 'members of pool p in Common: answered 403'],
    [503, 'failing', 'members of pool p in Common: answered 503'],
    [302, 'unreadable', 'members of pool p in Common: answered 302'],
  ])('answered %d are %s', async (status, kind, message) => {
    appliance.answers.push(LOGGED_IN, EXTENDED, { status, body: {} });
    const error = await failure(connect().members(POOL));
    expect(error).toBeInstanceOf(ApplianceError);
    expect([error.failure, error.message, error.status]).toEqual([kind, message, status]);
  });

  it('cannot be had when nobody answers, or too late, or somebody else', async () => {
    appliance.answers.push(LOGGED_IN, EXTENDED, 'hang-up');
    const client = connect();
    expect((await failure(client.members(POOL))).failure).toBe('unreachable');
    const { tls: _, ...rest } = appliance;
    const stranger = createIControlClient({ ...rest, username: 'u', password: 'pw', clock });
    clients.push(stranger);
    const error = await failure(stranger.members(POOL));
    expect([error.failure, error.message]).toEqual(['unreachable', expect.stringContaining('certificate')]);
    expect((await failure(connect({ timeoutMs: 0 }).members(POOL))).failure).toBe('timeout');
  });

  it('may be asked of anybody where certificates are not looked at', async () => {
    appliance.answers.push(LOGGED_IN, EXTENDED, NO_MEMBERS);
    expect(await connect({ tls: { rejectUnauthorized: false } }).members(POOL)).toEqual([]);
  });

  it('are those with an address and a port', () => {
    const items = [
      { address: '10.0.0.1', name: 'web:80', state: 'down', session: 'user-disabled' },
      { address: '10.0.0.2%3', name: '10.0.0.2%3:81' },
      { address: '', name: 'x:1' },
      { address: '10.0.0.3', name: 'noport' },
      { address: '10.0.0.4', name: 'host:0' },
      { address: '10.0.0.5', name: 'host:http' },
      { name: '10.0.0.6:9' },
      null,
    ];
    expect(parseMembers(JSON.stringify({ items }))).toEqual([
      { ip: '10.0.0.1', port: 80 },
      { ip: '10.0.0.2%3', port: 81 },
    ]);
    expect(parseMembers('{}')).toEqual([]);
  });

  it.each(['<html>', '[]', '{"items": 5}'])('are not %s', (text) => {
    expect(() => parseMembers(text)).toThrow(ApplianceError);
  });

  it.each([
    [{ name: 'p', partition: 'Common' }, '~Common~p'],
    [{ name: 'app.folder/p 1', partition: 'T' }, '~T~app.folder~p%201'],
  ])('of %j are asked for as %s', (pool, path) => {
    expect(fullPath(pool)).toBe(path);
  });
});

describe('a data group', () => {
  const values = new Map([
    ['b', '2'],
    ['a', '1'],
  ]);
  const records = [
    { name: 'b', data: '2' },
    { name: 'a', data: '1' },
  ];
  const OK = { status: 200, body: {} };
  const answer = (status: number) => ({ status, body: {} });
  const writeAll = (all: ReadonlyMap<string, string>, ...answers: { status: number; body: unknown }[]) => {
    appliance.answers.push(LOGGED_IN, EXTENDED, ...answers);
    return connect().writeDataGroup(GROUP, all);
  };
  const write = (...answers: { status: number; body: unknown }[]) => writeAll(values, ...answers);

  it('is replaced where it is', async () => {
    await write(OK, OK);
    expect(asked().slice(2)).toEqual([
      'GET /tm/ltm/data-group/internal/~Common~g',
      'PUT /tm/ltm/data-group/internal/~Common~g',
    ]);
    expect(appliance.asked.at(-1)?.json).toEqual({ type: 'string', records });
  });

  it('is created where it is not; 201 is as good as 200 (fault 17 of the existing scheduler)', async () => {
    await write(answer(404), answer(201));
    expect(asked().at(-1)).toBe('POST /tm/ltm/data-group/internal');
    expect(appliance.asked.at(-1)?.json).toEqual({ ...GROUP, type: 'string', records });
  });

  it('that comes or goes in the meantime is written all the same', async () => {
    await write(answer(404), answer(409), OK);
    await write(OK, answer(404), OK);
    const methods = appliance.asked.map(({ method }) => method);
    expect(methods.slice(2, 5)).toEqual(['GET', 'POST', 'PUT']);
    expect(methods.slice(-3)).toEqual(['GET', 'PUT', 'POST']);
  });

  it('is emptied without a question, and created where it is not', async () => {
    await writeAll(new Map(), OK);
    expect(asked().slice(2)).toEqual(['PUT /tm/ltm/data-group/internal/~Common~g']);
    expect(appliance.asked.at(-1)?.json).toEqual({ type: 'string', records: [] });
    await writeAll(new Map(), answer(404), OK);
    expect(appliance.asked.slice(-2).map(({ method }) => method)).toEqual(['PUT', 'POST']);
  });

  it('is written although the appliance had trouble to say whether it is there', async () => {
    await write(answer(503), answer(409), OK);
    expect(appliance.asked.slice(-3).map(({ method }) => method)).toEqual(['GET', 'POST', 'PUT']);
  });

  it('that cannot be written says so', async () => {
    expect((await failure(write(OK, answer(400)))).message).toBe('data group g in Common: answered 400');
    expect((await failure(write(answer(500), answer(500)))).failure).toBe('failing');
  });
});
