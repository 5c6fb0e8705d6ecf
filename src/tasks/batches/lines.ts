/** The lines of a batch's input file: bytes into lines, lines into requests, and every mistake with its line. */

import type { LineMistake } from './batch.ts';

export const BATCH_ENDPOINTS = [
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/embeddings',
  '/v1/responses',
] as const;

/** As OpenAI's API has it. */
export const MAX_BATCH_REQUESTS = 50_000;
/** Mistakes told of; who has more mends these first. */
const MAX_MISTAKES = 100;

export interface BatchRequest {
  readonly customId: string;
  readonly model: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly line: number;
}

/** Longer lines are not read: one request, however large, is far below it. */
export const MAX_LINE_CHARS = 16 * 1024 * 1024;

/** `text` is `undefined` where a line is too long; no more of it is kept than that. */
export interface Line {
  readonly text: string | undefined;
  readonly line: number;
}

export async function* linesOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Line, void, undefined> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  let chars = 0;
  let line = 0;
  const add = (part: string): void => {
    chars += part.length;
    // Only what ends the line is looked for in each piece: to join them each time would cost the square of the line.
    if (chars <= MAX_LINE_CHARS) parts.push(part);
    else parts = [];
  };
  const take = (): Line => {
    const text = chars <= MAX_LINE_CHARS ? parts.join('') : undefined;
    parts = [];
    chars = 0;
    return { text, line: ++line };
  };
  for await (const piece of content) {
    const [first = '', ...others] = decoder.decode(piece, { stream: true }).split('\n');
    add(first);
    for (const other of others) {
      yield take();
      add(other);
    }
  }
  add(decoder.decode());
  if (chars > 0) yield take();
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const wrong = (
  line: number | null,
  code: string,
  message: string,
  param: string | null = null,
): LineMistake => ({
  code,
  message,
  param,
  line,
});

export const isBlank = ({ text }: Line): boolean => text?.trim() === '';

/** The request of one line, or what is wrong with it. */
export function readRequest({ text, line }: Line, endpoint: string): BatchRequest | LineMistake {
  if (text === undefined) {
    return wrong(line, 'line_too_long', `This line has more than ${MAX_LINE_CHARS} characters.`);
  }
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    return wrong(line, 'invalid_json_line', 'This line is not parseable as valid JSON.');
  }
  if (!isObject(record)) return wrong(line, 'invalid_json_line', 'This line is not a JSON object.');
  const { custom_id: customId, method = 'POST', url, body } = record;
  if (typeof customId !== 'string' || customId === '') {
    return wrong(
      line,
      'missing_required_parameter',
      'custom_id must be a text that is not empty.',
      'custom_id',
    );
  }
  if (method !== 'POST')
    return wrong(line, 'invalid_method', `method must be POST, found ${JSON.stringify(method)}.`, 'method');
  if (url !== endpoint) {
    const message = `url must be the batch's endpoint ${endpoint}, found ${JSON.stringify(url)}.`;
    return wrong(line, 'invalid_url', message, 'url');
  }
  if (!isObject(body)) return wrong(line, 'missing_required_parameter', 'body must be an object.', 'body');
  if (typeof body.model !== 'string' || body.model === '') {
    return wrong(line, 'missing_required_parameter', 'body.model must name a model.', 'body.model');
  }
  if (body.stream === true) {
    return wrong(
      line,
      'invalid_value',
      'body.stream must not be true: nobody could read the stream.',
      'body.stream',
    );
  }
  return { customId, model: body.model, body, line };
}

export interface Validation {
  readonly total: number;
  readonly mistakes: readonly LineMistake[];
}

/** Reads the whole file once; keeps of it only the ids, to see that none comes twice. */
export async function validateLines(
  content: AsyncIterable<Uint8Array>,
  endpoint: string,
  mayUse: (model: string) => boolean = () => true,
): Promise<Validation> {
  const mistakes: LineMistake[] = [];
  const seen = new Map<string, number>();
  let total = 0;
  for await (const line of linesOf(content)) {
    if (isBlank(line)) continue;
    total++;
    const mistake = mistakeOf(readRequest(line, endpoint), seen, mayUse);
    if (mistake !== undefined) mistakes.push(mistake);
    if (mistakes.length === MAX_MISTAKES) break;
  }
  if (total === 0) mistakes.push(wrong(null, 'empty_file', 'The input file has no requests.'));
  if (total > MAX_BATCH_REQUESTS) {
    const message = `The input file has ${total} requests; at most ${MAX_BATCH_REQUESTS} are allowed.`;
    mistakes.push(wrong(null, 'too_many_requests', message));
  }
  return { total, mistakes };
}

function mistakeOf(
  read: BatchRequest | LineMistake,
  seen: Map<string, number>,
  mayUse: (model: string) => boolean,
): LineMistake | undefined {
  if (!('customId' in read)) return read;
  const { customId, line, model } = read;
  const before = seen.get(customId);
  if (before !== undefined) {
    return wrong(
      line,
      'duplicate_custom_id',
      `custom_id ${customId} is already on line ${before}.`,
      'custom_id',
    );
  }
  seen.set(customId, line);
  if (mayUse(model)) return undefined;
  return wrong(line, 'model_not_allowed', `This API key may not use the model ${model}.`, 'body.model');
}
