import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { copyExample, exampleText, substitute } from './example.ts';
import { parseLogLine } from './log.ts';

interface PoolsFile {
  readonly global: { readonly api_host: string; readonly api_port: number };
  readonly pools: readonly [
    { readonly name: string; readonly partition: string; readonly members: string[] },
  ];
}

describe('a copy of the example', () => {
  it('differs from it in what is substituted, and is gone when it is removed', () => {
    const { folder, remove } = copyExample(
      { 'bind 127.0.0.1:8000': 'bind 127.0.0.1:20000' },
      { 'REST_SECONDS = 1': 'REST_SECONDS = 9' },
    );
    const config = readFileSync(join(folder, 'haproxy.cfg'), 'utf8');
    expect(config).toContain('bind 127.0.0.1:20000');
    expect(config).not.toContain('bind 127.0.0.1:8000');
    expect(readFileSync(join(folder, 'signalbox.lua'), 'utf8')).toContain('REST_SECONDS = 9');
    remove();
    expect(existsSync(folder)).toBe(false);
  });

  it.each([
    ['is not there', 'a b', 0],
    ['is there twice', 'a x b x', 2],
  ])('is refused when a piece %s', (_, text, times) => {
    expect(() => substitute(text, { x: 'y' })).toThrow(`found "x" ${times} times, 1 is expected`);
  });
});

describe('the example', () => {
  it.each(['bind', 'brain', 'engine-1', 'engine-2', 'engine-3', 'lua.signalbox'])(
    'marks the line with %s as one to change',
    (word) => {
      const line = exampleText('haproxy.cfg')
        .split('\n')
        .find((one) => one.includes(word) && !one.trimStart().startsWith('#'));
      expect(line).toMatch(/# <-$/);
    },
  );

  it('has the same engines on both sides, and asks where Signalbox answers', async () => {
    const [haproxy, pools] = [exampleText('haproxy.cfg'), parse(exampleText('pools.yaml')) as PoolsFile];
    const servers = [...haproxy.matchAll(/^ +server engine-\d (\S+)/gm)].map(([, address]) => address);
    const { api_host: host, api_port: port } = pools.global;
    const [{ name, partition, members }] = pools.pools;
    expect(members).toEqual(servers);
    expect(haproxy).toMatch(new RegExp(`^ +server brain ${host}:${port} `, 'm'));
    expect(haproxy).toMatch(new RegExp(`^ +http-request lua.signalbox ${name} ${partition} `, 'm'));
  });
});

describe('a line of the log', () => {
  it('tells which server answered, how it went, and what Signalbox said', () => {
    const line =
      '127.0.0.1:57156 engines/engine-2 200 3/0/0/2/5 106 -- "POST /v1/x HTTP/1.1" signalbox=127.0.0.1:8002';
    expect(parseLogLine(line)).toEqual({
      server: 'engine-2',
      status: 200,
      requestMs: 3,
      termination: '--',
      request: 'POST /v1/x HTTP/1.1',
      answer: '127.0.0.1:8002',
    });
  });

  it('may tell of a request that no server got, and of an answer in several words', () => {
    const line = '127.0.0.1:1 engines/<NOSRV> 503 -1/-1/-1/-1/5 0 SC "GET / HTTP/1.1" signalbox=no answer';
    expect(parseLogLine(line)).toMatchObject({ server: '<NOSRV>', requestMs: -1, answer: 'no answer' });
  });

  it('is something else when HAProxy tells of itself', () => {
    expect(parseLogLine('Server engines/engine-1 is DOWN, reason: Layer4 timeout.')).toBeUndefined();
  });
});
