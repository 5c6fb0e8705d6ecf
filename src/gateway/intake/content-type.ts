/** In which form a body comes, as its headers declare it. */

import { SignalboxError } from '../../domain/index.ts';
import type { BodyFormat, IncomingCall } from './intake.ts';

const JSON_TYPE = /^application\/(?:[a-z0-9.!#$&^_-]+\+)?json$/;
const PARAMETER = /;\s*([a-z0-9-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))\s*/gi;

/** RFC 2046 section 5.1.1: at most 70 of these, the last no space. */
const BOUNDARY = /^[A-Za-z0-9'()+_,./:=? -]{0,69}[A-Za-z0-9'()+_,./:=?-]$/;

/**
 * Throws `SignalboxError` for anything else. A missing type is refused too: with it a web page could make a visitor's browser
 * call a listener on loopback without the browser asking first.
 */
export function bodyFormat(headers: IncomingCall['headers'], allowsForms: boolean): BodyFormat {
  refuseCompressed(headers['content-encoding']);
  const header = headers['content-type'];
  const contentType = typeof header === 'string' ? header : '';
  const [type = ''] = contentType.toLowerCase().split(';', 1);
  if (JSON_TYPE.test(type.trim())) {
    requireUtf8(parameterOf(contentType, 'charset'));
    return { type: 'json' };
  }
  if (allowsForms && type.trim() === 'multipart/form-data') {
    return { type: 'form', boundary: requireBoundary(parameterOf(contentType, 'boundary')) };
  }
  const found = contentType === '' ? 'none' : `'${contentType.slice(0, 80)}'`;
  const wanted = allowsForms ? 'application/json or multipart/form-data' : 'application/json';
  throw unsupported(`The content-type must be ${wanted}; found ${found}.`, 'content-type');
}

function refuseCompressed(encoding: string | string[] | undefined): void {
  if (encoding === undefined || String(encoding).trim().toLowerCase() === 'identity') return;
  const found = String(encoding).slice(0, 80);
  throw unsupported(
    `Bodies are read uncompressed; found the content-encoding '${found}'.`,
    'content-encoding',
  );
}

function requireUtf8(charset: string | undefined): void {
  if (charset === undefined || /^utf-?8$/i.test(charset)) return;
  throw unsupported(`The charset must be utf-8; found '${charset.slice(0, 80)}'.`, 'content-type');
}

function requireBoundary(boundary: string | undefined): string {
  if (boundary !== undefined && BOUNDARY.test(boundary)) return boundary;
  throw new SignalboxError(
    'invalid_request',
    'The content-type multipart/form-data must name its boundary: 1 to 70 letters, digits and punctuation.',
    { param: 'content-type' },
  );
}

function parameterOf(header: string, name: string): string | undefined {
  for (const [, key, quoted, token] of header.matchAll(PARAMETER)) {
    if (key?.toLowerCase() === name) return quoted?.replaceAll(/\\(.)/g, '$1') ?? token;
  }
  return undefined;
}

function unsupported(message: string, param: string): SignalboxError {
  return new SignalboxError('unsupported_media_type', message, { param });
}
