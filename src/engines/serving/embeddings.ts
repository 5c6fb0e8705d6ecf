/** `/v1/embeddings`: one or several inputs, as numbers or base64. */

import { modelOf, textOfInput } from './completion-request.ts';
import type { Exchange } from './exchange.ts';
import { effectOf } from './faults/generate-faults.ts';
import type { JsonObject } from './request-body.ts';
import { readJsonObject } from './request-body.ts';
import { sendJson } from './respond.ts';
import type { TokenEngine } from './token-engine.ts';
import { EngineRefusal } from './token-engine.ts';

export async function handleEmbeddings({ serving, req, res, signal }: Exchange): Promise<void> {
  const { engine, dialect, faults } = serving;
  const body = await readJsonObject(req);
  const model = modelOf(body, engine);
  const inputs = inputsOf(body, engine);
  const encode = encoderOf(body);
  const fault = faults.draw('generate');
  if (fault !== undefined)
    return await effectOf(fault).answer({ fault, res, dialect, isStream: false, signal });
  const results = await Promise.all(inputs.map((text) => engine.embed(text, signal)));
  if (signal.aborted) return;
  const promptTokens = results.reduce((sum, result) => sum + result.promptTokens, 0);
  sendJson(res, 200, {
    object: 'list',
    model,
    data: results.map(({ embedding }, index) => ({
      object: 'embedding',
      index,
      embedding: encode(embedding),
    })),
    usage: { prompt_tokens: promptTokens, total_tokens: promptTokens },
  });
}

/** One text, one list of token ids, or a list of either. */
function inputsOf(body: JsonObject, engine: TokenEngine): readonly string[] {
  const { input } = body;
  const isList = Array.isArray(input) && input.length > 0 && typeof input[0] !== 'number';
  if (!isList) return [textOfInput('input', input, engine)];
  return input.map((item: unknown, index) => textOfInput(`input[${index}]`, item, engine));
}

function encoderOf(body: JsonObject): (embedding: readonly number[]) => unknown {
  if (body.dimensions !== undefined && body.dimensions !== null) {
    throw new EngineRefusal(400, 'invalid_value', "'dimensions' is not supported by this model.");
  }
  const format = body.encoding_format ?? 'float';
  if (format === 'float') return (embedding) => embedding;
  if (format === 'base64') {
    return (embedding) => Buffer.from(Float32Array.from(embedding).buffer).toString('base64');
  }
  throw new EngineRefusal(400, 'invalid_value', "'encoding_format' must be 'float' or 'base64'.");
}
