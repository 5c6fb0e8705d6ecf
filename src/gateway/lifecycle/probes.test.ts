import { describe, expect, it } from 'vitest';
import { answerProbe } from './probes.ts';

const RUNNING = { isStopping: false, isReady: () => true };

describe('answerProbe', () => {
  it.each([
    ['/health', RUNNING, 200, 'ok'],
    ['/health', { isStopping: true, isReady: () => false }, 200, 'ok'],
    ['/ready', RUNNING, 200, 'ready'],
    ['/ready', { isStopping: false, isReady: () => false }, 503, 'no instance is ready'],
    ['/ready', { isStopping: true, isReady: () => true }, 503, 'stopping'],
  ])('%s with %o is %i', (path, facts, status, text) => {
    const answer = answerProbe('GET', path, facts);
    expect(answer).toMatchObject({ status, headers: { 'content-type': 'application/json' } });
    expect(JSON.parse(answer!.body)).toEqual({ status: text });
  });

  it('leaves everything else alone', () => {
    expect(answerProbe('GET', '/v1/models', RUNNING)).toBeUndefined();
    expect(answerProbe('POST', '/health', RUNNING)).toBeUndefined();
    expect(answerProbe('GET', '/healthy', RUNNING)).toBeUndefined();
  });

  it('does not look at the fleet for calls that ask for something else', () => {
    const isReady = () => {
      throw new Error('looked at the fleet');
    };
    const facts = { isStopping: false, isReady };
    expect(answerProbe('POST', '/v1/chat/completions', facts)).toBeUndefined();
    expect(answerProbe('GET', '/health', facts)).toMatchObject({ status: 200 });
    expect(() => answerProbe('GET', '/ready', facts)).toThrow('looked at the fleet');
  });
});
