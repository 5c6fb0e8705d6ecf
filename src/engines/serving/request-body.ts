/** Reads a JSON body within a size limit. */

import type { IncomingMessage } from 'node:http';
import { EngineRefusal } from './token-engine.ts';

const MAX_BODY_BYTES = 64 * 1024 * 1024;

export type JsonObject = Readonly<Record<string, unknown>>;

export async function readJsonObject(req: IncomingMessage): Promise<JsonObject> {
  const text = await readText(req);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new EngineRefusal(400, 'invalid_json', `The body is not valid JSON: ${(error as Error).message}`);
  }
  if (isObject(value)) return value;
  throw new EngineRefusal(400, 'invalid_request', 'The body must be a JSON object.');
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function readText(req: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of req as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > MAX_BODY_BYTES) {
      throw new EngineRefusal(413, 'request_too_large', `The body is longer than ${MAX_BODY_BYTES} bytes.`);
    }
    pieces.push(piece);
  }
  return pieces.length === 1 ? pieces[0]!.toString('utf8') : Buffer.concat(pieces).toString('utf8');
}
