/** `/v1/chat/completions` and `/v1/completions`: from the body to the engine and back, streamed or whole. */

import { randomUUID } from 'node:crypto';
import type { CompletionIdentity, EndEvent } from './completion-format.ts';
import { errorFrame, frameWriter, STREAM_DONE, wholeAnswer } from './completion-format.ts';
import type { CompletionKind, CompletionRequest } from './completion-request.ts';
import { parseCompletion } from './completion-request.ts';
import type { Exchange, Handler } from './exchange.ts';
import { effectOf } from './faults/generate-faults.ts';
import { readJsonObject } from './request-body.ts';
import { failureOf, sendJson } from './respond.ts';
import { untilStop } from './stop-filter.ts';
import { StreamWriter } from './stream-writer.ts';
import type { GenerationEvent } from './token-engine.ts';

export function completionHandler(kind: CompletionKind): Handler {
  return async function handleCompletion(exchange) {
    const { serving, req, res, signal } = exchange;
    const request = parseCompletion(kind, await readJsonObject(req), serving.engine, serving.dialect);
    const identity = identify(exchange, request);
    const fault = serving.faults.draw('generate');
    if (fault === undefined)
      return await deliver(exchange, request, identity, generate(exchange, request, identity));
    const call = { fault, res, dialect: serving.dialect, isStream: request.stream, signal };
    const effect = effectOf(fault);
    if (!request.stream || effect.tamper === undefined) return await effect.answer(call);
    await deliver(exchange, request, identity, effect.tamper(call, generate(exchange, request, identity)));
  };
}

function identify({ req }: Exchange, request: CompletionRequest): CompletionIdentity {
  const given = req.headers['x-request-id'];
  const unique = typeof given === 'string' && given.length <= 128 ? given : randomUUID().replaceAll('-', '');
  return {
    kind: request.kind,
    id: `${request.kind === 'chat' ? 'chatcmpl' : 'cmpl'}-${unique}`,
    model: request.model,
    created: Math.floor(Date.now() / 1000),
  };
}

function generate(
  { serving, signal }: Exchange,
  request: CompletionRequest,
  identity: CompletionIdentity,
): AsyncIterable<GenerationEvent> {
  const { engine } = serving;
  if (request.stop.length === 0) return engine.generate({ ...request, id: identity.id, signal });
  const stopped = new AbortController();
  const either = AbortSignal.any([signal, stopped.signal]);
  const events = engine.generate({ ...request, id: identity.id, signal: either });
  return untilStop(events, request.stop, () => stopped.abort());
}

function deliver(
  exchange: Exchange,
  request: CompletionRequest,
  identity: CompletionIdentity,
  events: AsyncIterable<GenerationEvent>,
): Promise<void> {
  return request.stream
    ? deliverStream(exchange, request, identity, events)
    : deliverWhole(exchange, identity, events);
}

/**
 * The status is committed with the first event, so that a refusal can still have its own; a failure after that ends the
 * stream with an error frame, as vLLM does it.
 */
async function deliverStream(
  { serving, res, signal }: Exchange,
  request: CompletionRequest,
  identity: CompletionIdentity,
  events: AsyncIterable<GenerationEvent>,
): Promise<void> {
  const frames = frameWriter(identity);
  const writer = new StreamWriter(res);
  try {
    for await (const event of events) {
      if (signal.aborted) return;
      if (writer.start()) writer.push(frames.opening);
      if (event.type === 'end') {
        const usage = request.includeUsage ? frames.usage(event) : '';
        return writer.end(frames.end(event.finishReason) + usage + STREAM_DONE);
      }
      if (event.text !== '') writer.push(frames.token(event.text));
      await writer.whenWritable(signal);
    }
  } catch (error) {
    if (!res.headersSent) throw error;
    writer.end(errorFrame(serving.dialect.errorBody(failureOf(error))) + STREAM_DONE);
  }
}

async function deliverWhole(
  { res, signal }: Exchange,
  identity: CompletionIdentity,
  events: AsyncIterable<GenerationEvent>,
): Promise<void> {
  let text = '';
  let end: EndEvent | undefined;
  for await (const event of events) {
    if (event.type === 'token') text += event.text;
    else end = event;
  }
  if (end !== undefined && !signal.aborted) sendJson(res, 200, wholeAnswer(identity, text, end));
}
