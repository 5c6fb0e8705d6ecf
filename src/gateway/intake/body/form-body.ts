/** From a form (audio to transcribe or translate) to what the scheduler needs of it. */

import { SignalboxError } from '../../../domain/index.ts';
import type { BodyFacts } from './body-facts.ts';
import { missing } from './field-reader.ts';
import { type FormPart, findParts } from './multipart.ts';
import { estimateTokens, type PromptSize, type TokenEstimate } from './prompt-tokens.ts';

const MAX_MODEL_BYTES = 1024;

/** Throws `SignalboxError`. */
export function readFormBody(bytes: Uint8Array, boundary: string, estimate: TokenEstimate): BodyFacts {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts = findParts(body, boundary, ['model', 'stream']);
  const model = readModel(body, parts.get('model'));
  const stream = parts.get('stream');
  return {
    ...model,
    stream: stream !== undefined && /^true$/i.test(body.toString('utf8', stream.start, stream.end)),
    wantsUsage: false,
    promptTokens: estimateTokens(sizeOf(parts), estimate),
    promptTokensEstimated: true,
    promptSpans: [],
  };
}

function readModel(body: Buffer, part: FormPart | undefined): Pick<BodyFacts, 'model' | 'modelPlace'> {
  if (part === undefined || part.start === part.end) throw missing('model', "a part with a model's name");
  const { start, end } = part;
  if (end - start > MAX_MODEL_BYTES) {
    const found = `${end - start} bytes`;
    throw new SignalboxError('invalid_value', `'model' must be a model's name; found ${found}.`, {
      param: 'model',
    });
  }
  return { model: body.toString('utf8', start, end), modelPlace: { start, end, encode: Buffer.from } };
}

function sizeOf(parts: ReadonlyMap<string, FormPart>): PromptSize {
  const prompt = parts.get('prompt');
  const files = [...parts.values()].filter(({ isFile }) => isFile);
  const textBytes = prompt === undefined ? 0 : prompt.end - prompt.start;
  return { textBytes, attachments: files.length, messages: 0, tokenIds: 0 };
}
