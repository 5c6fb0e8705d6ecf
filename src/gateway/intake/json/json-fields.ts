/** The wanted top-level fields of a JSON object, found in one pass over its bytes. */

import { isUtf8 } from 'node:buffer';
import { decodeEscapedKey } from './escaped-key.ts';
import { type IsAttachment, JsonCursor, JsonSyntaxError } from './json-cursor.ts';

/** Where a field's value lies, and what was counted in it. */
export interface FieldSpan {
  readonly start: number;
  readonly end: number;
  readonly stringBytes: number;
  readonly numbers: number;
  readonly attachments: number;
  /** Elements of the value, where it is an array. */
  readonly elements: number;
}

export type JsonType = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

/** Names by their length in bytes, so that most keys are passed over without being compared. */
type NameTable<Name extends string> = readonly (readonly NameBytes<Name>[] | undefined)[];

interface NameBytes<Name extends string> {
  readonly name: Name;
  readonly bytes: Uint8Array;
}

/** What to look for, prepared once for all bodies. */
export interface FieldFinder<Name extends string> {
  readonly names: NameTable<Name>;
  readonly isAttachment: IsAttachment;
  readonly maxDepth: number;
  /** Where a key is decoded; as long as the longest name. */
  readonly decodedKey: Uint8Array;
}

export type Fields<Name extends string> = { readonly [K in Name]?: FieldSpan };

/**
 * @param names in ASCII
 * @param attachments keys of objects at any depth whose values are images, sound or files rather than text
 */
export function fieldFinder<Name extends string>(
  names: readonly Name[],
  attachments: readonly string[],
  maxDepth: number,
): FieldFinder<Name> {
  const attachmentNames = nameTable(attachments);
  return {
    names: nameTable(names),
    isAttachment: (bytes, start, end) => lookUp(attachmentNames, bytes, start, end) !== undefined,
    maxDepth,
    decodedKey: new Uint8Array(Math.max(...names.map((name) => name.length))),
  };
}

/**
 * Finds the fields and checks that the whole text is JSON. Of a key that comes twice the last value counts, as for `JSON.parse` and the
 * parsers of the engines. Throws `JsonSyntaxError`.
 * @returns `undefined` for a text that is JSON but no object
 */
export function findFields<Name extends string>(
  body: Uint8Array,
  finder: FieldFinder<Name>,
): Fields<Name> | undefined {
  if (!isUtf8(body)) throw new JsonSyntaxError(firstBadUtf8(body), 'found a byte that is not UTF-8');
  const cursor = new JsonCursor(body, finder.maxDepth, finder.isAttachment);
  const isObject = cursor.peek() === 0x7b;
  const fields: { [K in Name]?: FieldSpan } = {};
  if (isObject) collectFields(body, cursor, finder, fields);
  else cursor.skipValue(0);
  cursor.expectEnd();
  return isObject ? fields : undefined;
}

function collectFields<Name extends string>(
  body: Uint8Array,
  cursor: JsonCursor,
  finder: FieldFinder<Name>,
  fields: { [K in Name]?: FieldSpan },
): void {
  if (!cursor.enterObject()) return;
  do {
    const keyStart = cursor.at;
    const keyEnd = cursor.passKey();
    const name = wantedName(body, keyStart, keyEnd, finder);
    if (name === undefined) cursor.skipValue(1);
    else fields[name] = measureValue(cursor);
  } while (cursor.passComma());
}

function measureValue(cursor: JsonCursor): FieldSpan {
  cursor.peek();
  const { at: start, stringBytes, numbers, attachments } = cursor;
  cursor.lastElements = 0;
  cursor.skipValue(1);
  return {
    start,
    end: cursor.at,
    stringBytes: cursor.stringBytes - stringBytes,
    numbers: cursor.numbers - numbers,
    attachments: cursor.attachments - attachments,
    elements: cursor.lastElements,
  };
}

function wantedName<Name extends string>(
  body: Uint8Array,
  keyStart: number,
  keyEnd: number,
  finder: FieldFinder<Name>,
): Name | undefined {
  const { names, decodedKey } = finder;
  const plain = lookUp(names, body, keyStart + 1, keyEnd - 1);
  if (plain !== undefined) return plain;
  const length = decodeEscapedKey(body, keyStart + 1, keyEnd - 1, decodedKey);
  return length < 0 ? undefined : lookUp(names, decodedKey, 0, length);
}

/** The type of the value that lies at `span`. */
export function typeAt(body: Uint8Array, span: FieldSpan): JsonType {
  const first = body[span.start];
  if (first === 0x22) return 'string';
  if (first === 0x7b) return 'object';
  if (first === 0x5b) return 'array';
  if (first === 0x6e) return 'null';
  return first === 0x74 || first === 0x66 ? 'boolean' : 'number';
}

/** The value that lies at `span`, parsed. */
export function valueAt(body: Uint8Array, span: FieldSpan): unknown {
  if (body[span.start] === 0x22) return decodeString(body, span.start, span.end);
  return JSON.parse(viewOf(body).toString('utf8', span.start, span.end));
}

function decodeString(body: Uint8Array, start: number, end: number): string {
  const text = viewOf(body).toString('utf8', start, end);
  return text.includes('\\') ? (JSON.parse(text) as string) : text.slice(1, -1);
}

function viewOf(body: Uint8Array): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

function nameTable<Name extends string>(names: readonly Name[]): NameTable<Name> {
  const table: NameBytes<Name>[][] = [];
  for (const name of names) {
    const bytes = Buffer.from(name);
    table[bytes.length] ??= [];
    table[bytes.length]!.push({ name, bytes });
  }
  return table;
}

function lookUp<Name extends string>(
  table: NameTable<Name>,
  bytes: Uint8Array,
  start: number,
  end: number,
): Name | undefined {
  const candidates = table[end - start];
  if (candidates === undefined) return undefined;
  for (const candidate of candidates) if (equalsAt(bytes, start, candidate.bytes)) return candidate.name;
  return undefined;
}

function equalsAt(bytes: Uint8Array, start: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i++) if (bytes[start + i] !== wanted[i]) return false;
  return true;
}

/** Halving reads its bytes many times over; a large body is first looked through piece by piece. */
const PIECE_BYTES = 65_536;

/** The offset at which well-formed UTF-8 ends, found by halving: a prefix cut inside a character still decodes in streaming mode. */
function firstBadUtf8(body: Uint8Array): number {
  const start = firstBadPiece(body);
  let good = start;
  let bad = Math.min(body.length, start + PIECE_BYTES + 1);
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    if (isUtf8Prefix(body.subarray(start, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

/** Where the first piece begins that is not UTF-8, each piece ending with a whole character. */
function firstBadPiece(body: Uint8Array): number {
  let start = 0;
  for (;;) {
    let end = start + PIECE_BYTES;
    for (let back = 0; back < 3 && isContinuation(body[end]); back++) end--;
    if (end >= body.length || !isUtf8(body.subarray(start, end))) return start;
    start = end;
  }
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

function isUtf8Prefix(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
