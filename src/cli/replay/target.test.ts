import { MockAgent } from 'undici';
import { describe, expect, it } from 'vitest';
import { chooseModel, type ModelWish, parseTarget, targetUrl } from './target.ts';

const target = parseTarget('http://target.test/llm/v1');

/** A target that answers `/llm/v1/models` like this. */
function answering(status: number, body: unknown): MockAgent {
  const agent = new MockAgent();
  agent.disableNetConnect();
  agent
    .get('http://target.test')
    .intercept({ path: '/llm/v1/models' })
    .reply(status, typeof body === 'string' ? body : JSON.stringify(body));
  return agent;
}

function choose(status: number, body: unknown, wish: Partial<ModelWish> = {}): Promise<string> {
  const agent = answering(status, body);
  const interrupt = new AbortController().signal;
  return chooseModel(agent.get('http://target.test'), target, {
    model: undefined,
    checkModel: true,
    headers: {},
    interrupt,
    ...wish,
  });
}

const LIST = { data: [{ id: 'llama' }, { id: 'qwen' }] };

describe('targetUrl', () => {
  it('is what paths begin with', () => {
    expect(targetUrl(target)).toBe('http://target.test/llm');
  });
});

describe('chooseModel', () => {
  it('takes the first of the list, or the one wanted', async () => {
    expect(await choose(200, LIST)).toBe('llama');
    expect(await choose(200, LIST, { model: 'qwen' })).toBe('qwen');
  });

  it.each([
    [404, 'not found'],
    [200, '<html>'],
    [200, '[]'],
    [200, 'null'],
  ])('takes the one wanted from a target that answers %d %s instead of a list', async (status, body) => {
    expect(await choose(status, body, { model: 'mine' })).toBe('mine');
    await expect(choose(status, body)).rejects.toThrow(`answered ${status} and no list of models`);
  });

  it.each([401, 403])('asks for a key at %d, even if the model is named', async (status) => {
    await expect(choose(status, '{}', { model: 'mine' })).rejects.toThrow(/give a valid key with --api-key/);
  });

  it('passes over what has no name', async () => {
    expect(await choose(200, { data: [{ id: 7 }, {}, { id: 'named' }] })).toBe('named');
  });
});
