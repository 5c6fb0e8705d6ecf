/** The endpoints that tell of the engine: health, models, metrics, tokens, and those of one dialect only. */

import { promptOfMessages, readMessages } from './chat-template.ts';
import type { IdentityEndpoint } from './dialects/dialect.ts';
import type { Exchange, Handler } from './exchange.ts';
import { METRICS_CONTENT_TYPE, spoilPage } from './faults/metrics-faults.ts';
import { readJsonObject } from './request-body.ts';
import { sendBody, sendJson } from './respond.ts';
import { EngineRefusal } from './token-engine.ts';

export function handleHealth({ serving, res }: Exchange): void {
  const { healthBody } = serving.dialect;
  if (healthBody === undefined) sendBody(res, 200, 'text/plain', '');
  else sendJson(res, 200, healthBody);
}

export function handleModels({ serving, res }: Exchange): void {
  const { engine, dialect, startedAtMs } = serving;
  const data = engine.modelNames.map((id) => ({
    id,
    object: 'model',
    created: Math.floor(startedAtMs / 1000),
    owned_by: dialect.ownedBy,
    root: id,
    parent: null,
    max_model_len: engine.maxModelTokens,
  }));
  sendJson(res, 200, { object: 'list', data });
}

export async function handleMetrics({ serving, res, signal }: Exchange): Promise<void> {
  const { engine, dialect, faults } = serving;
  const gauges = engine.gauges();
  const fault = faults.draw('metrics');
  const render = (shown: typeof gauges) => dialect.metricsPage(shown, serving);
  if (fault !== undefined) return await spoilPage({ fault, res, gauges, signal, render });
  sendBody(res, 200, METRICS_CONTENT_TYPE, render(gauges));
}

/** vLLM takes `prompt` or `messages`, llama.cpp takes `content`. */
export async function handleTokenize({ serving, req, res }: Exchange): Promise<void> {
  const { engine, dialect } = serving;
  const body = await readJsonObject(req);
  const text =
    body.messages === undefined
      ? (body.prompt ?? body.content)
      : promptOfMessages(readMessages(body.messages));
  if (typeof text !== 'string') {
    throw new EngineRefusal(
      400,
      'missing_field',
      "one of 'prompt', 'content' (text) and 'messages' is needed",
    );
  }
  if (engine.tokenize === undefined) {
    throw new EngineRefusal(501, 'not_supported', 'this engine shows no token ids');
  }
  sendJson(res, 200, dialect.tokenizeBody(engine.tokenize(text), serving));
}

export function identityHandler({ answer }: IdentityEndpoint): Handler {
  return function handleIdentity({ serving, res }) {
    sendJson(res, 200, answer(serving));
  };
}
