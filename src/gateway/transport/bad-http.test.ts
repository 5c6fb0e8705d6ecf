import { describe, expect, it } from 'vitest';
import { badHttpAnswer } from './bad-http.ts';

function answerTo(code: string, reason?: string): { head: string; error: { code: string; message: string } } {
  const [head, body] = badHttpAnswer(Object.assign(new Error('Parse Error'), { code, reason })).split(
    '\r\n\r\n',
  );
  return { head: head!, ...JSON.parse(body!) };
}

describe('badHttpAnswer', () => {
  it.each([
    ['HPE_INVALID_METHOD', 'HTTP/1.1 400 Bad Request', 'bad_http'],
    ['HPE_HEADER_OVERFLOW', 'HTTP/1.1 431 Request Header Fields Too Large', 'headers_too_large'],
    ['ERR_HTTP_REQUEST_TIMEOUT', 'HTTP/1.1 408 Request Timeout', 'request_timeout'],
    ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 'HTTP/1.1 413 Payload Too Large', 'request_too_large'],
  ])('says of %s: %s', (code, statusLine, errorCode) => {
    const { head, error } = answerTo(code);
    expect(head.split('\r\n')[0]).toBe(statusLine);
    expect(error.code).toBe(errorCode);
  });

  it('gives the parser’s reason', () => {
    expect(answerTo('HPE_INVALID_METHOD', 'Invalid method encountered').error.message).toContain(
      'Invalid method encountered',
    );
  });

  it('has the length of its body, and closes the connection', () => {
    const text = badHttpAnswer(new Error('ö'));
    const body = text.split('\r\n\r\n')[1]!;
    expect(text).toContain(`\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`);
    expect(text).toContain('\r\nconnection: close\r\n');
  });
});
