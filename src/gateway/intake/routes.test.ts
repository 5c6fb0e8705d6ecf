import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SignalboxError } from '../../domain/index.ts';
import { MethodNotAllowedError } from '../errors/index.ts';
import { refusalOf } from './__fixtures__/refusal-of.ts';
import { findRoute } from './routes.ts';

const errorOf = (method: string, path: string) => refusalOf(() => findRoute(method, path));

describe('findRoute', () => {
  it.each([
    ['POST', '/v1/chat/completions', { type: 'forward', kind: 'chat' }],
    ['POST', '/v1/completions', { type: 'forward', kind: 'completion' }],
    ['POST', '/v1/embeddings', { type: 'forward', kind: 'embedding' }],
    ['POST', '/v1/responses', { type: 'forward', kind: 'other' }],
    ['POST', '/v1/messages', { type: 'forward', kind: 'other' }],
    ['POST', '/v1/messages/count_tokens', { type: 'forward', kind: 'other' }],
    ['POST', '/v1/rerank', { type: 'forward', kind: 'other' }],
    ['POST', '/v1/score', { type: 'forward', kind: 'other' }],
    ['POST', '/v1/audio/transcriptions', { type: 'forward', kind: 'other' }],
    ['POST', '/v1/audio/speech', { type: 'forward', kind: 'other' }],
    ['POST', '/v1/what/comes_next:generate', { type: 'forward', kind: 'other' }],
    ['GET', '/v1/models', { type: 'model-list' }],
    ['HEAD', '/v1/models', { type: 'model-list' }],
    ['GET', '/v1/models/llama-3-8b', { type: 'model', name: 'llama-3-8b' }],
    ['GET', '/v1/models/meta-llama/Llama-3', { type: 'model', name: 'meta-llama/Llama-3' }],
    ['GET', '/v1/models/meta-llama%2FLlama%203', { type: 'model', name: 'meta-llama/Llama 3' }],
  ])('%s %s', (method, path, route) => {
    expect(findRoute(method, path)).toEqual(route);
  });

  it.each([
    ['GET', '/v1/chat/completions', 'POST'],
    ['PUT', '/v1/completions', 'POST'],
    ['OPTIONS', '/v1/embeddings', 'POST'],
    ['GET', '/v1/responses', 'POST'],
    ['POST', '/v1/models', 'GET, HEAD'],
    ['DELETE', '/v1/models/llama', 'GET, HEAD'],
  ])('405 for %s %s, which has %s', (method, path, allow) => {
    const error = errorOf(method, path);
    expect(error).toBeInstanceOf(MethodNotAllowedError);
    expect(error).toMatchObject({ code: 'method_not_allowed', status: 405, allow });
  });

  it.each([
    ['GET', '/'],
    ['POST', '/v1'],
    ['POST', '/v1/'],
    ['POST', '/v2/chat/completions'],
    ['POST', '/generate'],
    ['GET', '/v1/files'],
    ['POST', '/v1//completions'],
    ['POST', '/v1/chat/completions/'],
    ['POST', '/v1/toString/'],
    ['POST', '*'],
  ])('404 for %s %s, naming what exists', (method, path) => {
    const error = errorOf(method, path);
    expect(error).toMatchObject({ code: 'unknown_path', status: 404 });
    expect(error.message).toContain('POST /v1/chat/completions');
    expect(error.message).toContain('GET /v1/models');
  });

  it.each([
    '/v1/../admin/instances',
    '/v1/chat/../../sleep',
    '/v1/./completions',
    '/v1/..',
    '/v1/%2e%2e/sleep',
    '/v1/a%2Fb',
    '/v1/a\\b',
    '/v1/a;b',
    '/v1/a b',
    '/v1/\u00e9',
  ])('404 for %s, which an engine might read as another path', (path) => {
    expect(errorOf('POST', path).code).toBe('unknown_path');
  });

  it.each(['/v1/load_lora_adapter', '/v1/unload_lora_adapter'])(
    '403 for %s, which changes an engine',
    (path) => {
      expect(errorOf('POST', path)).toMatchObject({ code: 'forbidden', status: 403 });
    },
  );

  it.each([
    ['/chat/completions', '/v1/chat/completions'],
    ['/v1/chat/completions/', '/v1/chat/completions'],
    ['/models', '/v1/models'],
  ])('asks whether %s was to be %s', (path, meant) => {
    const hint = /Did you mean (\S+)\?/.exec(errorOf('POST', path).message)?.[1];
    expect(hint).toBe(meant);
  });

  it('refuses a model name that is not well escaped', () => {
    expect(errorOf('GET', '/v1/models/%E0%A4')).toMatchObject({ code: 'invalid_value', status: 400 });
  });

  it('never fails otherwise than with an answer for the caller', () => {
    const path = fc.oneof(
      fc.string(),
      fc.string().map((tail) => `/v1/${tail}`),
      fc.webPath(),
    );
    fc.assert(
      fc.property(fc.constantFrom('GET', 'POST', 'DELETE', 'X'), path, (method, anyPath) => {
        try {
          findRoute(method, anyPath);
        } catch (error) {
          expect(error).toBeInstanceOf(SignalboxError);
          expect((error as SignalboxError).message.length).toBeLessThan(700);
        }
      }),
    );
  });
});
