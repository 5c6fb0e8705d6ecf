import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { aRecord } from './__fixtures__/builders.ts';
import { createLogger, type LoggerOptions } from './logger.ts';
import { logRequest } from './request-log.ts';

async function openLog(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = await createLogger({ level: 'info', format: 'json', destination, ...options });
  return { log, lines, parsed: () => lines.map((line): Record<string, unknown> => JSON.parse(line)) };
}

describe('the log', () => {
  it('writes JSON lines with an ISO time and a level by name', async () => {
    const { log, parsed } = await openLog();
    log.logger.warn({ instance: 'gpu-1' }, 'report is stale');
    const [line] = parsed();
    expect(line).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      instance: 'gpu-1',
      msg: 'report is stale',
    });
  });

  it('writes lines for people when told to', async () => {
    const { log, lines } = await openLog({ format: 'pretty' });
    log.logger.info({ instance: 'gpu-1' }, 'ready');
    expect(lines.join('')).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: ready \{"instance":"gpu-1"\}\n$/);
  });

  it('is JSON by itself where no terminal is', async () => {
    const { log, parsed } = await openLog({ format: 'auto' });
    log.logger.info('hello');
    expect(parsed()[0]?.msg).toBe('hello');
  });

  it('names the component, and gives the same log for the same component', async () => {
    const { log, parsed } = await openLog();
    log.component('scrape').info('hello');
    expect(parsed()[0]).toMatchObject({ component: 'scrape', msg: 'hello' });
    expect(log.component('scrape')).toBe(log.component('scrape'));
  });

  it('changes its level while it runs, for components made before and after', async () => {
    const { log, parsed } = await openLog();
    const before = log.component('before');
    before.debug('too quiet');
    log.setLevel('debug');
    before.debug('heard');
    log.component('after').debug('heard too');
    log.setLevel('silent');
    before.fatal('off');
    expect(parsed().map(({ msg }) => msg)).toEqual(['heard', 'heard too']);
    expect(log.level()).toBe('silent');
  });

  it('keeps secrets and prompts out of fields, messages, errors and component names', async () => {
    const { log, lines } = await openLog();
    const headers = { authorization: 'Bearer HUSH-abcdef', 'x-api-key': 'HUSH' };
    log.logger.info({ headers, body: { messages: [{ role: 'user', content: 'HUSH' }] } }, 'request');
    log.logger.info('GET /admin?token=HUSH');
    log.logger.info('connecting with %s', 'Bearer HUSH-abcdef');
    log.logger.error(new Error('fetch http://me:HUSH@gpu-1/ failed', { cause: { password: 'HUSH' } }));
    log.logger.error({ err: Object.assign(new Error('no'), { token: 'HUSH' }) }, 'failed');
    log.logger.child({ apiKey: 'HUSH' }).child({ token: 'HUSH' }).info('bound');
    log.component('http://me:HUSH@gpu-1/').info('bound');
    expect(lines).toHaveLength(7);
    expect(lines.join('')).not.toContain('HUSH');
    expect(lines[3]).toContain('fetch http://[redacted]@gpu-1/ failed');
  });
});

describe("a request's line", () => {
  it('has its timings and instance at info, and nothing at warn', async () => {
    const { log, parsed } = await openLog();
    logRequest(log.requests, aRecord({ e2eMs: 2130.123456 }));
    log.setLevel('warn');
    logRequest(log.requests, aRecord());
    expect(parsed()).toEqual([
      {
        level: 'info',
        time: expect.any(String),
        request: 'request-1',
        model: 'llama',
        instance: 'gpu-1',
        outcome: 'completed',
        status: 200,
        path: '/v1/chat/completions',
        stream: true,
        priority: 'NORMAL',
        attempts: 1,
        queueMs: 12,
        ttftMs: 150,
        tpotMs: 20,
        e2eMs: 2130.12,
        promptTokens: 300,
        cachedTokens: 120,
        outputTokens: 100,
        decision: 'decision-1',
        msg: 'request',
      },
    ]);
  });
});

describe("a request's path", () => {
  it('is shown without what a caller put into its query', async () => {
    const { log, parsed } = await openLog();
    logRequest(log.requests, aRecord({ path: '/v1/chat/completions?api_key=HUSH' }));
    expect(parsed()[0]?.path).toBe('/v1/chat/completions?api_key=[redacted]');
  });
});

describe('the standard output', () => {
  const program = fileURLToPath(new URL('./__fixtures__/log-and-exit.ts', import.meta.url));

  async function endedBy(ending: string) {
    const child = spawn(process.execPath, [program, ending], { stdio: ['ignore', 'pipe', 'pipe'] });
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return {
      numbers: output
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).number as number),
      errors,
    };
  }

  it.each(['exit', 'return', 'throw'])(
    'has every line of every log when the process ends by %s',
    async (ending) => {
      const { numbers } = await endedBy(ending);
      expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, number) => number));
    },
  );

  it('takes so many logs without a warning of a leak', async () => {
    expect((await endedBy('return')).errors).toBe('');
  });
});
