/** Mooncake's traces: one JSON object a line, with an id for each block of the prompt. */

import { checkTokens, FieldError, rowOrReason, show } from '../fields.ts';
import type { TraceFormat, TraceRow } from '../trace-format.ts';

/**
 * https://github.com/kvcache-ai/Mooncake (FAST '25 and arXiv traces). Their stamps are quantised, so that many requests
 * share one: spread up to the next stamp, whatever the distance.
 */
export const mooncakeFormat: TraceFormat = {
  name: 'mooncake',
  expects: 'a JSON object a line with timestamp, input_length, output_length, hash_ids',
  hasHeading: false,
  stampResolutionMs: Number.POSITIVE_INFINITY,
  recognises: (firstLine) => {
    const fields = parseObject(firstLine);
    return fields !== undefined && 'timestamp' in fields && 'input_length' in fields;
  },
  rowReader:
    (_firstLine, { blockTokens }) =>
    (text) =>
      rowOrReason(() => readRow(text, blockTokens)),
};

type Fields = Readonly<Record<string, unknown>>;

function parseObject(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Fields)
      : undefined;
  } catch {
    return undefined;
  }
}

function readRow(text: string, blockTokens: number): TraceRow {
  const fields = parseObject(text);
  if (fields === undefined) throw new FieldError('not a JSON object');
  const promptTokens = checkTokens(fields.input_length, 'input_length');
  const row = {
    stampMs: readStamp(fields.timestamp),
    promptTokens,
    outputTokens: checkTokens(fields.output_length, 'output_length'),
  };
  if (fields.hash_ids === undefined) return row;
  return { ...row, prefixHashIds: readHashIds(fields.hash_ids, promptTokens, blockTokens), blockTokens };
}

function readStamp(stamp: unknown): number {
  if (typeof stamp === 'number' && stamp >= 0 && stamp <= Number.MAX_SAFE_INTEGER) return stamp;
  throw new FieldError(`timestamp is ${show(stamp)}, not a number of milliseconds`);
}

/** Ids may cover less than the prompt (then its rest is its own), never more. */
function readHashIds(ids: unknown, promptTokens: number, blockTokens: number): readonly number[] {
  if (!Array.isArray(ids)) throw new FieldError(`hash_ids is ${show(ids)}, not a list`);
  const wrong = ids.find((id) => !Number.isSafeInteger(id) || id < 0);
  if (wrong !== undefined) throw new FieldError(`hash_ids holds ${show(wrong)}, not a whole number from 0`);
  const blocks = Math.ceil(promptTokens / blockTokens);
  if (ids.length > blocks) {
    throw new FieldError(
      `${ids.length} hash_ids where ${promptTokens} tokens make ${blocks} blocks of ${blockTokens}`,
    );
  }
  return ids;
}
