import { describe, expect, it } from 'vitest';
import { findFirstFrame, judgeFirstFrame } from './first-frame.ts';

const find = (text: string) => findFirstFrame(Buffer.from(text));
const judge = (data: string, event?: string) =>
  judgeFirstFrame(event === undefined ? { data } : { data, event }, 'chat');

describe('findFirstFrame', () => {
  it.each([
    ['nothing', ''],
    ['half an event', 'data: {"a"'],
    ['an event without its end', 'data: 1\n'],
    ['comments', ': ping\n\n: ping\r\n\r\n'],
    ['an event without data', 'event: ping\n\n'],
    ['an event with empty data', 'data:\n\ndata: \n\n'],
  ])('finds none in %s', (_, text) => {
    expect(find(text)).toBeUndefined();
  });

  it('finds the first that has data, past comments', () => {
    expect(find(': ping\n\nevent: message\ndata: {"a":1}\n\ndata: 2\n\n')).toEqual({
      event: 'message',
      data: '{"a":1}',
    });
  });

  it('joins several lines of data, whatever ends them', () => {
    expect(find('data: 1\r\ndata:2\r\n\r\n')).toEqual({ data: '1\n2' });
    expect(find('data: 1\rdata: 2\r\r')).toEqual({ data: '1\n2' });
  });
});

describe('judgeFirstFrame', () => {
  it.each([
    '{"id":"x","choices":[{"delta":{"role":"assistant","content":""}}]}',
    '{"choices":[{"delta":{"content":"an error, you say?"}}]}',
    '{"error":null,"choices":[]}',
    '[DONE]',
  ])('takes %s for an answer', (data) => {
    expect(judge(data)).toEqual({ type: 'answer' });
  });

  it.each([
    ['{"error":{"message":"x","code":400}}', 400],
    ['{"error":{"message":"x","code":"429"}}', 429],
    ['{"error":{"message":"x","code":500}}', 500],
    ['{"error":{"message":"x","status":503}}', 503],
    ['{"error":{"message":"x","type":"BadRequestError","code":null}}', 400],
    ['{"error":{"message":"x","type":"overloaded_error"}}', 503],
    ['{"error":{"message":"x","code":"context_length_exceeded"}}', 502],
    ['{"error":{"message":"x","code":200}}', 502],
    ['{"error":"x"}', 502],
    ['{"object":"error","message":"x","code":404}', 404],
    ['{"type":"error","error":{"type":"rate_limit_error","message":"x"}}', 429],
  ])('sees the error in %s, with status %i', (data, status) => {
    expect(judge(data)).toEqual({ type: 'error', status, payload: data });
  });

  it('takes an event named error for one, whatever it says', () => {
    expect(judge('{"message":"x","code":503}', 'error')).toMatchObject({ type: 'error', status: 503 });
    expect(judge('oops', 'error')).toMatchObject({ type: 'error', status: 502 });
  });

  it.each(['garbage', '{"broken', '[1]', '"error"', '<html>error</html>'])('takes %s for garbage', (data) => {
    expect(judge(data)).toMatchObject({ type: 'garbage' });
  });

  it('does not presume what other APIs stream', () => {
    expect(judgeFirstFrame({ data: 'anything' }, 'other')).toEqual({ type: 'answer' });
    expect(judgeFirstFrame({ data: '{"error":{"code":400}}' }, 'other')).toMatchObject({ status: 400 });
  });
});
