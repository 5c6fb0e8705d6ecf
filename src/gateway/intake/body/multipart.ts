/** The parts of a `multipart/form-data` body (RFC 7578), found without copying what is in them. */

import { SignalboxError } from '../../../domain/index.ts';

export interface FormPart {
  /** Where its content lies. */
  readonly start: number;
  readonly end: number;
  readonly isFile: boolean;
}

const MAX_PARTS = 128;
const MAX_PART_HEADER_BYTES = 8192;
const PARAMETER = /\s*;\s*([A-Za-z0-9*_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))/y;

/** The parts by their name. Throws `SignalboxError` for what is no form, and for two parts of one of the `single` names. */
export function findParts(body: Buffer, boundary: string, single: readonly string[]): Map<string, FormPart> {
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const parts = new Map<string, FormPart>();
  let at = skipPreamble(body, delimiter);
  for (let count = 1; !isLast(body, at); count++) {
    if (count > MAX_PARTS) throw badForm(`it has more than ${MAX_PARTS} parts`);
    const { name, isFile, start } = readPartHeader(body, at, count);
    // A part without content shares its line end with the delimiter.
    const end = body.indexOf(delimiter, start - 2);
    if (end < 0) throw badForm(`its part ${count} has no end`);
    if (parts.has(name) && single.includes(name)) throw badForm(`its part '${name}' comes twice`);
    parts.set(name, { start, end: Math.max(start, end), isFile });
    at = end + delimiter.length;
  }
  return parts;
}

/** The offset behind the first delimiter, which may stand at the very beginning. */
function skipPreamble(body: Buffer, delimiter: Buffer): number {
  const bare = delimiter.subarray(2);
  if (body.subarray(0, bare.length).equals(bare)) return bare.length;
  const found = body.indexOf(delimiter);
  if (found < 0) throw badForm('its boundary does not occur');
  return found + delimiter.length;
}

/** The last delimiter is followed by two hyphens. */
function isLast(body: Buffer, at: number): boolean {
  return body[at] === 0x2d && body[at + 1] === 0x2d;
}

function readPartHeader(
  body: Buffer,
  at: number,
  count: number,
): { name: string; isFile: boolean; start: number } {
  const lineEnd = body.indexOf('\r\n', at);
  const headerEnd = body.indexOf('\r\n\r\n', at);
  if (lineEnd < 0 || headerEnd < 0 || headerEnd - at > MAX_PART_HEADER_BYTES) {
    throw badForm(`the header of its part ${count} has no end`);
  }
  const header = body.toString('utf8', lineEnd, headerEnd);
  const disposition = /\r\ncontent-disposition:\s*form-data((?:.)*)/i.exec(header)?.[1];
  const { name, filename } = parametersOf(disposition ?? '');
  if (name === undefined) throw badForm(`its part ${count} has no name`);
  return { name, isFile: filename !== undefined, start: headerEnd + 4 };
}

/** Read one after the other, so that what is quoted in one value is never taken for the next parameter. */
function parametersOf(text: string): Record<string, string | undefined> {
  const parameters: Record<string, string | undefined> = {};
  PARAMETER.lastIndex = 0;
  for (let match = PARAMETER.exec(text); match !== null; match = PARAMETER.exec(text)) {
    parameters[match[1]!.toLowerCase()] ??= match[2] ?? match[3];
  }
  return parameters;
}

function badForm(what: string): SignalboxError {
  return new SignalboxError(
    'invalid_request',
    `The body is not the form that its content-type declares: ${what}.`,
  );
}
