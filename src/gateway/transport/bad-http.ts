/** The answer to what could not be read as an HTTP call at all, in the shape that OpenAI's clients understand. */

import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ErrorCode, SignalboxError } from '../../domain/index.ts';
import { errorAnswer } from '../errors/index.ts';

/** Codes of node's HTTP parser and server that are not simply a malformed call. */
const CODES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'The request line and headers are too long.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['request_too_large', 'The chunk extensions of the body are too long.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'The request line and headers took too long to arrive.'],
};

/** Words for the malformations worth a word of their own; the parser's own reason serves for the others. */
function describeBadHttp(error: NodeJS.ErrnoException & { reason?: string }): SignalboxError {
  const known = CODES[error.code ?? ''];
  if (known !== undefined) return new SignalboxError(known[0], known[1]);
  return new SignalboxError(
    'bad_http',
    `This cannot be read as an HTTP request: ${error.reason ?? error.message}.`,
  );
}

/** The whole HTTP answer, after which the connection closes. */
export function badHttpAnswer(thrown: Error): string {
  const { status, headers, body } = errorAnswer(describeBadHttp(thrown));
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return (
    `HTTP/1.1 ${status} ${REASON_PHRASES[status] ?? 'Error'}\r\n${lines.join('')}` +
    `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`
  );
}

const REASON_PHRASES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Payload Too Large',
  431: 'Request Header Fields Too Large',
};

/** How long a caller whose HTTP made no sense may take to read why. */
const LINGER_MS = 1000;

/** Answers and closes; a connection on which an answer is already under way is cut instead. */
export function refuseBadHttp(error: Error, socket: Duplex, isAnswerUnderWay: boolean): void {
  if (!socket.writable || isAnswerUnderWay || (error as NodeJS.ErrnoException).code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  // Reading on for a moment keeps the kernel from resetting the connection before the answer is read.
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(timer));
  socket.resume();
  socket.end(badHttpAnswer(error));
}

/** RFC 9112, section 3.2: a call of HTTP/1.1 without `host`, and any with several, must be refused. */
export function refuseHosts(response: ServerResponse, found: number): void {
  const message = `An HTTP request needs one host header; found ${found}.`;
  const error = new SignalboxError('bad_http', message);
  const { status, headers, body } = errorAnswer(error);
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' });
  response.end(body);
}
