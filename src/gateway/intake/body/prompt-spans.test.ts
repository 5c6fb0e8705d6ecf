import { describe, expect, it } from 'vitest';
import { findFields } from '../json/json-fields.ts';
import { FINDER } from './prompt-fields.ts';
import { promptSpans } from './prompt-spans.ts';

function spansIn(json: string): string[] {
  const body = Buffer.from(json);
  return promptSpans(body, findFields(body, FINDER)!).map(({ from, to }) => body.toString('utf8', from, to));
}

describe('the spans of a prompt', () => {
  it('are tools before messages, wherever they stand in the body', () => {
    const json = '{"messages":[{"role":"user","content":"hi"}],"model":"m","tools":[{"type":"function"}]}';
    expect(spansIn(json)).toEqual(['{"type":"function"}', '{"role":"user","content":"hi"}']);
  });

  it('of the next turn begin with those of the last', () => {
    const turn = '{"role":"system","content":"Be brief."},{"role":"user","content":"hi"}';
    const [first] = spansIn(`{"messages":[${turn}]}`);
    const [next] = spansIn(`{"messages":[${turn},{"role":"assistant","content":"Hello"}]}`);
    expect(next!.startsWith(first!)).toBe(true);
  });

  it.each([
    ['{"prompt":"Once upon"}', ['Once upon']],
    ['{"prompt":[1,2,3]}', ['1,2,3']],
    ['{"input":"text"}', ['text']],
    ['{"instructions":"Be brief.","input":"hi"}', ['Be brief.', 'hi']],
    ['{"messages":null,"prompt":7}', []],
  ])('of %s are %j', (json, spans) => {
    expect(spansIn(json)).toEqual(spans);
  });
});
