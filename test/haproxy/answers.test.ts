import type { ServerResponse } from 'node:http';
import { expect, it, vi } from 'vitest';
import { freePort } from '../../bench/gateway/machine/free-port.ts';
import { eventually, pause } from '../bad-input/support/eventually.ts';
import { json, type Script, startUpstream, type UpstreamCall } from '../gateway/support/upstream.ts';
import { type HaproxyOptions, startHaproxy } from './support/haproxy.ts';
import { ask, askOften } from './support/load.ts';
import {
  addressOf,
  cleanup,
  describeHaproxy,
  openHaproxy,
  openUpstreams,
  portOf,
  urlsOf,
} from './support/proxied.ts';

// HAProxy, three engines and Signalbox have to share what a busy machine leaves them.
vi.setConfig({ testTimeout: 60_000 });

const toClose = cleanup();

/** The example's own, for what happens when time is up. Other tests are patient, as the machine may be busy elsewhere. */
const AS_SHIPPED = { patienceSeconds: 0.2 };

/** A select API that answers as scripted, asked by HAProxy in front of three engines. */
async function open(answer: Script, options: Partial<HaproxyOptions> = {}) {
  const engines = await openUpstreams(toClose, json({ ok: true }));
  const script: Script = (response, call) =>
    call.path === '/health' ? response.end() : answer(response, call);
  const brain = toClose(await startUpstream(script));
  const urls = { signalboxPort: portOf(brain), engineUrls: urlsOf(engines) };
  const haproxy = await openHaproxy(toClose, { ...urls, patienceSeconds: 15, ...options });
  const questions = () => brain.calls.filter(({ path }) => path !== '/health');
  const served = () => engines.map(({ calls }) => calls.filter(({ path }) => path !== '/health').length);
  return { brain, engines, haproxy, questions, served };
}

const say =
  (text: string, status = 200): Script =>
  (response) => {
    response.writeHead(status, { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(text) });
    response.end(text);
  };

const bodyOf = ({ body }: UpstreamCall) => JSON.parse(body.toString()) as Record<string, unknown>;

const membersOf = (question: UpstreamCall) => (bodyOf(question).members as string[]).sort();

describeHaproxy('what HAProxy asks', () => {
  it('names the pool, the partition and the servers that are up', async () => {
    const { haproxy, engines, questions } = await open(say('none'));
    await ask(haproxy.url);
    const [question] = questions();
    expect(question).toMatchObject({ method: 'POST', path: '/scheduler/select' });
    expect(question!.headers).toMatchObject({ 'content-type': 'application/json', connection: 'close' });
    expect(question!.headers.authorization).toBeUndefined();
    const members = expect.any(Array) as unknown;
    expect(bodyOf(question!)).toEqual({ pool_name: 'llm', partition: 'Common', members });
    expect(membersOf(question!)).toEqual(engines.map(addressOf).sort());
  });

  it('leaves out a server that fails its health check', async () => {
    const { haproxy, engines, questions } = await open(say('none'));
    engines[0]!.script = (response) => response.writeHead(503).end();
    await eventually(async () => {
      await ask(haproxy.url);
      expect(membersOf(questions().at(-1)!)).toEqual(engines.slice(1).map(addressOf).sort());
    });
  });

  it('leaves out a server that drains', async () => {
    const substitutions = { '  server engine-3': '  default-server weight 0\n  server engine-3' };
    const { haproxy, engines, questions } = await open(say('none'), { substitutions });
    await ask(haproxy.url);
    expect(membersOf(questions()[0]!)).toEqual(engines.slice(0, 2).map(addressOf).sort());
  });

  it('shows the token that it finds in its environment', async () => {
    const { haproxy, questions } = await open(say('none'), { env: { SIGNALBOX_TOKEN: 's3cret' } });
    await ask(haproxy.url);
    expect(questions()[0]!.headers.authorization).toBe('Bearer s3cret');
  });
});

describeHaproxy('what HAProxy does with the answer', () => {
  it('sends the request to the server with that address', async () => {
    const { haproxy, engines, brain, served } = await open(say('none'));
    for (const [index, engine] of engines.entries()) {
      brain.script = healthyThen(say(addressOf(engine)));
      const before = served()[index]!;
      expect(await askOften(haproxy.url, 10)).toEqual({ 200: 10 });
      expect(served()[index]).toBe(before + 10);
    }
  });

  it.each([
    ['none', say('none'), 'none'],
    ['fallback', say('fallback'), 'fallback'],
    ['a server that HAProxy does not have', say('192.0.2.1:80'), '192.0.2.1:80'],
    ['nothing', say(''), '-'],
    ['a mistake in the question', say('{"detail":"…"}', 422), 'status 422'],
    ['a fault of its own', say('127.0.0.1:1', 500), 'status 500'],
    ['a redirection', say('', 302), 'status 302'],
    [
      'something else than HTTP',
      (response: ServerResponse) => response.socket!.end('hello\r\n\r\nworld'),
      'no answer',
    ],
    ['a closed connection', (response: ServerResponse) => response.socket!.destroy(), 'no answer'],
  ])('balances by itself when the answer is %s', async (_, script, logged) => {
    const { haproxy, served } = await open(script);
    expect(await askOften(haproxy.url, 30, 3)).toEqual({ 200: 30 });
    await eventually(() => expect(haproxy.log).toHaveLength(30));
    expect(haproxy.log.map(({ answer }) => answer)).toContain(logged);
    for (const count of served()) expect(count).toBeGreaterThanOrEqual(5);
  });

  it('balances by itself when the answer does not come in time', async () => {
    const { haproxy, served } = await open(() => {}, AS_SHIPPED);
    expect(await askOften(haproxy.url, 30, 3)).toEqual({ 200: 30 });
    await eventually(() => expect(haproxy.log).toHaveLength(30));
    const waited = haproxy.log.filter(({ answer }) => answer === 'no answer');
    expect(waited.length).toBeGreaterThan(0);
    for (const { requestMs } of waited) expect(requestMs).toBeGreaterThanOrEqual(190);
    for (const count of served()) expect(count).toBeGreaterThanOrEqual(5);
  });

  it('goes to another engine when the chosen one refuses the connection', async () => {
    const { haproxy, engines, brain, served } = await open(say('none'));
    brain.script = healthyThen(say(addressOf(engines[1]!)));
    await engines[1]!.close();
    expect(await askOften(haproxy.url, 12, 3)).toEqual({ 200: 12 });
    const [first, , third] = served();
    expect(first! + third!).toBe(12);
  });
});

describeHaproxy('a Signalbox that does not answer', () => {
  it('is asked once, then not for a second, and then by one request alone', async () => {
    const { haproxy, brain, questions } = await open(say('', 503), AS_SHIPPED);
    const questionsOf = async (concurrency: number) => {
      const before = questions().length;
      const startedAtMs = performance.now();
      expect(await askOften(haproxy.url, 10, concurrency)).toEqual({ 200: 10 });
      // On a slow machine a second may pass meanwhile.
      return questions().length - before - Math.floor((performance.now() - startedAtMs) / 1000);
    };
    expect(await questionsOf(1)).toBe(1);
    brain.script = healthyThen(() => {});
    await pause(1100);
    expect(await questionsOf(10)).toBe(1);
  });

  it('is asked by everyone as soon as it answers again', async () => {
    const { haproxy, brain, questions } = await open(say('', 500));
    await ask(haproxy.url);
    brain.script = healthyThen(say('none'));
    await eventually(async () => {
      await ask(haproxy.url);
      expect(questions().length).toBeGreaterThan(1);
    });
    const before = questions().length;
    await askOften(haproxy.url, 10, 1);
    expect(questions()).toHaveLength(before + 10);
  });

  it('goes on being asked when it refuses single requests', async () => {
    const { haproxy, questions } = await open(say('{"detail":[]}', 422));
    await askOften(haproxy.url, 10, 1);
    expect(questions()).toHaveLength(10);
  });

  it('is not asked at all while its health check fails', async () => {
    const { haproxy, brain, questions } = await open(say('none'));
    brain.script = (response) => response.writeHead(503).end();
    await eventually(async () => {
      await ask(haproxy.url);
      expect(haproxy.log.at(-1)!.answer).toBe('-');
    });
    const before = questions().length;
    expect(await askOften(haproxy.url, 10)).toEqual({ 200: 10 });
    expect(questions()).toHaveLength(before);
  });
});

/** The lines of the example that are comments until somebody needs them. */
const WITH_MODEL = {
  '# http-request wait-for-body': 'http-request wait-for-body',
  '# http-request set-var(txn.model)': 'http-request set-var(txn.model)',
};

describeHaproxy('the model in the question', () => {
  const post = (url: string, body: string) => fetch(`${url}/v1/completions`, { method: 'POST', body });

  it.each(['llama-3', 'with "quotes", \\ and a /', 'tabs\tand\nlines', 'Größe 你好 🚦'])(
    'is that of the request: %j',
    async (model) => {
      const { haproxy, questions } = await open(say('none'), { substitutions: WITH_MODEL });
      await post(haproxy.url, JSON.stringify({ prompt: 'x', model }));
      expect(bodyOf(questions()[0]!).model).toBe(model);
    },
  );

  it.each(['{}', '{"model":', '', 'no JSON', '{"model":null}'])(
    'is left out when the body is %j',
    async (body) => {
      const { haproxy, questions } = await open(say('none'), { substitutions: WITH_MODEL });
      expect((await post(haproxy.url, body)).status).toBe(200);
      expect(bodyOf(questions()[0]!)).not.toHaveProperty('model');
    },
  );

  it('cannot make HAProxy stop asking, whatever it is', async () => {
    const { haproxy, questions } = await open(say('none'), { substitutions: WITH_MODEL });
    for (const model of [17, true, ['a'], { a: 1 }, '\u0000', 'x'.repeat(100_000)]) {
      expect((await post(haproxy.url, JSON.stringify({ model, prompt: 'x' }))).status).toBe(200);
    }
    expect(questions().map(membersOf)).toHaveLength(6);
  });
});

/** Servers of last resort, also comments until somebody needs them. */
describeHaproxy('a pool that is to be left alone', () => {
  it('has its requests sent to the spare server', async () => {
    const spare = toClose(await startUpstream(json({ ok: true })));
    const substitutions = {
      '# use-server spare': 'use-server spare',
      '# server spare 127.0.0.1:8009': `server spare ${addressOf(spare)}`,
    };
    const { haproxy, brain, served } = await open(say('fallback'), { substitutions });
    expect(await askOften(haproxy.url, 5)).toEqual({ 200: 5 });
    expect(served()).toEqual([0, 0, 0]);
    brain.script = healthyThen(say('none'));
    expect(await askOften(haproxy.url, 5)).toEqual({ 200: 5 });
    expect(served().reduce((sum, count) => sum + count)).toBe(5);
  });
});

describeHaproxy('starting', () => {
  it('fails, and says why, without the backend that holds Signalbox’s address', async () => {
    const substitutions = { 'backend signalbox\n': 'backend brain\n', 'nbsrv(signalbox)': 'nbsrv(brain)' };
    const options = { signalboxPort: await freePort(), engineUrls: [], substitutions };
    await expect(startHaproxy(options)).rejects.toThrow('has no backend "signalbox" with a server');
  });
});

function healthyThen(script: Script): Script {
  return (response, call) => (call.path === '/health' ? response.end() : script(response, call));
}
