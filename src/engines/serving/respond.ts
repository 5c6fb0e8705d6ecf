/** Whole answers: JSON, text, and errors in the shape of the dialect. */

import type { ServerResponse } from 'node:http';
import type { ApiError, Dialect } from './dialects/dialect.ts';
import { EngineRefusal } from './token-engine.ts';

export function sendBody(res: ServerResponse, status: number, contentType: string, body: string): void {
  if (res.destroyed || res.headersSent) return;
  res.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
  res.end(body);
}

export function sendJson(res: ServerResponse, status: number, body: unknown): void {
  sendBody(res, status, 'application/json', JSON.stringify(body));
}

/** What a caller is told of a failure: a refusal in its own words, anything else as an internal error. */
export function failureOf(error: unknown): ApiError {
  const { status, code } = error instanceof EngineRefusal ? error : { status: 500, code: 'internal_error' };
  return { status, code, message: error instanceof Error ? error.message : String(error) };
}

export function sendError(res: ServerResponse, dialect: Dialect, error: ApiError): void {
  sendJson(res, error.status, dialect.errorBody(error));
}
