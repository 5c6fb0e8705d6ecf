import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../domain/index.ts';
import { refusalOf } from './__fixtures__/refusal-of.ts';
import { createIntake, type IntakeSettings } from './create-intake.ts';
import type { IncomingCall } from './intake.ts';
import { createRequestIds } from './request-ids.ts';

const FLEET = ['llama-3-8b', 'llama-3-70b'];

const anIntake = (settings: IntakeSettings = {}, fleet: readonly string[] = FLEET) =>
  createIntake({
    modelNames: () => fleet,
    random: seededRandom(1),
    requestIds: createRequestIds('p'),
    settings,
  });

const aCall = (call: Partial<IncomingCall> = {}): IncomingCall => ({
  method: 'POST',
  path: '/v1/chat/completions',
  query: '',
  receivedAtMs: 1_000,
  ...call,
  headers: { 'content-type': 'application/json', ...call.headers },
});

const aBody = (fields: object = {}) =>
  Buffer.from(
    JSON.stringify({ model: 'llama-3-8b', messages: [{ role: 'user', content: 'Hello' }], ...fields }),
  );

/** Both steps, as the transport makes them. */
function take(intake = anIntake(), call = aCall(), body: Uint8Array = aBody()) {
  return intake.accept(call, intake.preflight(call), body);
}

const keyed = (config: object = {}): IntakeSettings => ({
  keys: { web: { sha256: createHash('sha256').update('sk-web').digest('hex'), ...config } },
});
const withKey = (headers: Record<string, string> = {}) =>
  aCall({ headers: { authorization: 'Bearer sk-web', ...headers } });

describe('a call for an engine', () => {
  it('becomes a request, its body and type as they came', () => {
    const body = aBody({ stream: true, max_tokens: 9, user: 'u', anything: { else: 1 } });
    const call = aCall({ headers: { 'content-type': 'application/json; charset=utf-8' } });
    const accepted = take(anIntake(), call, body);
    expect(accepted.body).toBe(body);
    expect(accepted).toMatchObject({
      path: '/v1/chat/completions',
      contentType: 'application/json; charset=utf-8',
      requestedModel: 'llama-3-8b',
      wantsUsage: false,
    });
    expect(accepted.request).toEqual({
      id: 'sb-p-1',
      model: 'llama-3-8b',
      kind: 'chat',
      stream: true,
      priority: 'NORMAL',
      arrivalMs: 1_000,
      promptTokens: 6,
      bodyBytes: 131,
      promptTokensEstimated: true,
      maxTokens: 9,
      user: 'u',
      retries: 0,
      failedInstances: [],
      tags: {},
    });
    expect(Object.isFrozen(accepted.request)).toBe(true);
  });

  it('bears the caller’s id', () => {
    expect(take(anIntake(), aCall({ headers: { 'x-request-id': 'abc' } })).request.id).toBe('abc');
  });

  it('has an id even where it is refused', () => {
    expect(anIntake().idFor(aCall({ headers: { 'x-request-id': 'abc' } }))).toBe('abc');
    expect(anIntake().idFor(aCall())).toBe('sb-p-1');
  });

  it('bears the caller’s hints', () => {
    const headers = {
      'x-signalbox-priority': 'high',
      'x-signalbox-deadline-ms': '500',
      'x-signalbox-ttft-slo-ms': '200',
      'x-signalbox-tpot-slo-ms': '20',
      'x-signalbox-session': 's-1',
      'x-signalbox-tags': 'team=a',
      'x-openwebui-user-id': 'anna',
    };
    expect(take(anIntake(), aCall({ headers })).request).toMatchObject({
      priority: 'HIGH',
      deadlineMs: 1_500,
      ttftSloMs: 200,
      tpotSloMs: 20,
      session: 's-1',
      tags: { team: 'a' },
      tenant: 'anna',
    });
  });

  it.each([
    ['header before body', { 'x-signalbox-priority': 'LOW' }, { priority: -50 }, 'LOW'],
    ['body', {}, { priority: -50 }, 'CRITICAL'],
    ['neither', {}, {}, 'NORMAL'],
  ])('is of the class that was asked for: %s', (_, headers, fields, priority) => {
    expect(take(anIntake(), aCall({ headers }), aBody(fields)).request.priority).toBe(priority);
  });

  it('has no hints where none are trusted, not even the body’s', () => {
    const intake = anIntake({ hints: { trustHeaders: false, trustUserHeader: false } });
    const headers = { 'x-signalbox-priority': 'CRITICAL', 'x-openwebui-user-id': 'anna' };
    const { request } = take(intake, aCall({ headers }), aBody({ priority: -50 }));
    expect(request.priority).toBe('NORMAL');
    expect(request).not.toHaveProperty('tenant');
  });

  it('is passed through with any path below /v1 that names a model', () => {
    const call = aCall({ path: '/v1/rerank' });
    const body = Buffer.from('{"query":"q","documents":["d"],"model":"llama-3-8b"}');
    expect(take(anIntake(), call, body)).toMatchObject({
      path: '/v1/rerank',
      body,
      request: { kind: 'other' },
    });
  });

  it('may be a form with sound', () => {
    const headers = { 'content-type': 'multipart/form-data; boundary=B' };
    const text = (model: string) =>
      `--B\r\nContent-Disposition: form-data; name="model"\r\n\r\n${model}\r\n--B--\r\n`;
    const intake = anIntake({ aliases: { whisper: [{ model: 'llama-3-8b', weight: 1 }] } });
    const call = aCall({ path: '/v1/audio/transcriptions', headers });
    const accepted = take(intake, call, Buffer.from(text('whisper')));
    expect(accepted.contentType).toBe('multipart/form-data; boundary=B');
    expect(Buffer.from(accepted.body).toString()).toBe(text('llama-3-8b'));
  });
});

describe('an alias', () => {
  const aliases = { 'gpt-4o': [{ model: 'llama-3-70b', weight: 1 }] };

  it('changes the model’s name in the body and nothing else', () => {
    const body = Buffer.from('{ "model" : "gpt-4o", "messages":[ {"role":"user","content":"gpt-4o?"} ] }');
    const accepted = take(anIntake({ aliases }), aCall(), body);
    expect(accepted).toMatchObject({ requestedModel: 'gpt-4o', request: { model: 'llama-3-70b' } });
    expect(Buffer.from(accepted.body).toString()).toBe(
      '{ "model" : "llama-3-70b", "messages":[ {"role":"user","content":"gpt-4o?"} ] }',
    );
  });

  it('may come and go while calls come in', () => {
    const intake = anIntake();
    const body = aBody({ model: 'gpt-4o' });
    expect(refusalOf(() => take(intake, aCall(), body)).code).toBe('model_not_found');
    intake.update({ aliases });
    expect(take(intake, aCall(), body).request.model).toBe('llama-3-70b');
    intake.update({});
    expect(refusalOf(() => take(intake, aCall(), body)).code).toBe('model_not_found');
  });
});

describe('a model’s defaults', () => {
  const intake = anIntake({
    aliases: { fast: [{ model: 'llama-3-8b', weight: 1 }], own: [{ model: 'llama-3-8b', weight: 1 }] },
    modelDefaults: {
      'llama-3-8b': { priority: 'LOW', deadlineAfterMs: 2_000, ttftSloMs: 300, tpotSloMs: 30 },
      own: { priority: 'HIGH' },
    },
  });

  it('hold for requests that wish for nothing', () => {
    const { request } = take(intake);
    expect(request).toMatchObject({ priority: 'LOW', deadlineMs: 3_000, ttftSloMs: 300, tpotSloMs: 30 });
  });

  it('give way to a header, and to the body', () => {
    const headers = { 'x-signalbox-deadline-ms': '10', 'x-signalbox-ttft-slo-ms': '5' };
    const { request } = take(intake, aCall({ headers }), aBody({ priority: 0 }));
    expect(request).toMatchObject({ priority: 'NORMAL', deadlineMs: 1_010, ttftSloMs: 5, tpotSloMs: 30 });
  });

  it('are those of the alias where it has its own, else of the model behind it', () => {
    expect(take(intake, aCall(), aBody({ model: 'own' })).request).toMatchObject({ priority: 'HIGH' });
    expect(take(intake, aCall(), aBody({ model: 'own' })).request).not.toHaveProperty('ttftSloMs');
    expect(take(intake, aCall(), aBody({ model: 'fast' })).request.ttftSloMs).toBe(300);
  });
});

describe('an API key', () => {
  it('is needed once one is configured, whatever the call', () => {
    const intake = anIntake(keyed());
    for (const call of [aCall(), aCall({ method: 'GET', path: '/v1/models' })]) {
      expect(refusalOf(() => intake.preflight(call))).toMatchObject({ code: 'invalid_api_key', status: 401 });
    }
    expect(take(intake, withKey()).request.id).toBe('sb-p-1');
  });

  it('gives its tenant, whatever the caller says', () => {
    const { request } = take(anIntake(keyed({ tenant: 'web' })), withKey({ 'x-openwebui-user-id': 'anna' }));
    expect(request.tenant).toBe('web');
  });

  it('without a tenant leaves it to the caller', () => {
    const { request } = take(anIntake(keyed()), withKey({ 'x-openwebui-user-id': 'anna' }));
    expect(request.tenant).toBe('anna');
  });

  it.each([
    ['CRITICAL', 'HIGH'],
    ['HIGH', 'HIGH'],
    ['LOW', 'LOW'],
  ])('for at most HIGH makes of %s %s', (asked, given) => {
    const intake = anIntake(keyed({ maxPriority: 'HIGH' }));
    expect(take(intake, withKey({ 'x-signalbox-priority': asked })).request.priority).toBe(given);
  });

  it('for at most LOW is LOW where nothing is asked', () => {
    expect(take(anIntake(keyed({ maxPriority: 'LOW' })), withKey()).request.priority).toBe('LOW');
  });

  it('is for its models only', () => {
    const intake = anIntake(keyed({ models: ['llama-3-70b'] }));
    expect(refusalOf(() => take(intake, withKey()))).toMatchObject({
      code: 'model_not_allowed',
      status: 403,
    });
    expect(take(intake, withKey(), aBody({ model: 'llama-3-70b' })).request.model).toBe('llama-3-70b');
  });

  it('may be taken back', () => {
    const intake = anIntake(keyed());
    intake.preflight(withKey());
    intake.update({ keys: { other: { sha256: 'a'.repeat(64) } } });
    expect(refusalOf(() => intake.preflight(withKey())).code).toBe('invalid_api_key');
  });
});

describe('the list of models', () => {
  const intake = anIntake({ aliases: { 'gpt-4o': [{ model: 'llama-3-70b', weight: 1 }] } });
  const get = (path: string, from = intake, headers = {}) => {
    const preflight = from.preflight(aCall({ method: 'GET', path, headers }));
    if (preflight.type !== 'answer') throw new Error('not answered locally');
    return { ...preflight.answer, body: JSON.parse(preflight.answer.body) };
  };

  it('has the fleet’s models and the aliases', () => {
    const { status, headers, body } = get('/v1/models');
    expect(status).toBe(200);
    expect(headers).toEqual({ 'content-type': 'application/json' });
    expect(body.object).toBe('list');
    expect(body.data.map((card: { id: string }) => card.id)).toEqual([...FLEET, 'gpt-4o']);
    expect(body.data[0]).toEqual({
      id: 'llama-3-8b',
      object: 'model',
      created: expect.any(Number),
      owned_by: 'signalbox',
    });
  });

  it('is empty where there is no engine yet', () => {
    expect(get('/v1/models', anIntake({}, [])).body).toEqual({ object: 'list', data: [] });
  });

  it('has one card for each', () => {
    expect(get('/v1/models/gpt-4o').body).toMatchObject({ id: 'gpt-4o', object: 'model' });
    expect(refusalOf(() => get('/v1/models/gpt-5o'))).toMatchObject({ code: 'model_not_found', status: 404 });
  });

  it('shows a key its own', () => {
    const from = anIntake(keyed({ models: ['llama-3-70b', 'no-longer-there'] }));
    const headers = { authorization: 'Bearer sk-web' };
    expect(get('/v1/models', from, headers).body.data).toMatchObject([{ id: 'llama-3-70b' }]);
    const error = refusalOf(() => get('/v1/models/llama-3-8b', from, headers));
    expect(error.status).toBe(404);
    expect(error.message).toContain('There are: llama-3-70b.');
  });

  it('has no body to accept', () => {
    const call = aCall({ method: 'GET', path: '/v1/models' });
    expect(() => intake.accept(call, intake.preflight(call), Buffer.alloc(0))).toThrow(TypeError);
  });
});

describe('before the body is read', () => {
  it.each<[string, Partial<IncomingCall>, string, number]>([
    ['an unknown path', { path: '/v2/chat' }, 'unknown_path', 404],
    ['a wrong method', { method: 'GET' }, 'method_not_allowed', 405],
    ['a wrong type', { headers: { 'content-type': 'text/plain' } }, 'unsupported_media_type', 415],
    [
      'a form for a chat',
      { headers: { 'content-type': 'multipart/form-data; boundary=x' } },
      'unsupported_media_type',
      415,
    ],
    ['a bad hint', { headers: { 'x-signalbox-priority': 'now' } }, 'invalid_value', 400],
    ['a length that is none', { headers: { 'content-length': '1,2' } }, 'bad_http', 400],
    [
      '33 MiB announced',
      { headers: { 'content-length': String(33 * 1024 * 1024) } },
      'request_too_large',
      413,
    ],
  ])('refuses %s', (_, call, code, status) => {
    expect(refusalOf(() => anIntake().preflight(aCall(call)))).toMatchObject({ code, status });
  });

  it('tells what was announced', () => {
    expect(anIntake().preflight(aCall({ headers: { 'content-length': '77' } }))).toMatchObject({
      declaredBytes: 77,
    });
    expect(anIntake().preflight(aCall())).not.toHaveProperty('declaredBytes');
  });
});

describe('the size of a body', () => {
  it('may be the limit and not a byte more', () => {
    const intake = anIntake({ maxBodyBytes: aBody().length });
    expect(take(intake).request.model).toBe('llama-3-8b');
    expect(refusalOf(() => take(intake, aCall(), Buffer.concat([aBody(), Buffer.from(' ')])))).toMatchObject({
      code: 'request_too_large',
      status: 413,
      message: `The body may have ${aBody().length} bytes; it has ${aBody().length + 1}.`,
    });
  });

  it('may be that of a prompt of 31 MiB', () => {
    const content = 'word '.repeat((31 * 1024 * 1024) / 5);
    const { request } = take(anIntake(), aCall(), aBody({ messages: [{ role: 'user', content }] }));
    expect(request.promptTokens).toBe(Math.ceil((content.length + 'user'.length) / 4) + 3);
  });
});

describe('hashed prompts', () => {
  const turns = [
    { role: 'system', content: 's'.repeat(3_000) },
    { role: 'user', content: 'u'.repeat(1_000) },
  ];
  const blocksOf = (
    messages: readonly object[],
    settings: IntakeSettings = { hashesPrompts: true },
    model = 'm',
  ) => {
    const intake = createIntake({
      modelNames: () => ['m', 'n'],
      random: seededRandom(1),
      requestIds: createRequestIds(),
      settings,
    });
    const call = { method: 'POST', path: '/v1/chat/completions', query: '', receivedAtMs: 0 };
    const incoming = { ...call, headers: { 'content-type': 'application/json' } };
    const body = Buffer.from(JSON.stringify({ model, messages }));
    return intake.accept(incoming, intake.preflight(incoming), body).request;
  };

  it('share their blocks with the next turn of the conversation', () => {
    const first = blocksOf(turns).prefixBlocks!;
    const next = blocksOf([...turns, { role: 'assistant', content: 'a'.repeat(900) }]).prefixBlocks!;
    expect(first.length).toBeGreaterThan(10);
    expect([...next.slice(0, first.length)]).toEqual([...first]);
    expect(next.length).toBeGreaterThan(first.length);
  });

  it('differ by model, since caches do', () => {
    expect(blocksOf(turns).prefixBlocks![0]).not.toBe(
      blocksOf(turns, { hashesPrompts: true }, 'n').prefixBlocks![0],
    );
  });

  it('are made only where somebody wants them', () => {
    expect(blocksOf(turns, {}).prefixBlocks).toBeUndefined();
  });
});
