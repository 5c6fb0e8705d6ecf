/** What each fault of a request does to its answer. */

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Dialect } from '../dialects/dialect.ts';
import { sendError } from '../respond.ts';
import type { GenerationEvent } from '../token-engine.ts';
import type { FaultKind } from './catalogue.ts';
import type { Fault } from './fault.ts';

/** A call that a fault strikes. */
export interface StruckCall {
  readonly fault: Fault;
  readonly res: ServerResponse;
  readonly dialect: Dialect;
  readonly isStream: boolean;
  readonly signal: AbortSignal;
}

interface FaultEffect {
  /** Answers in the engine's place. */
  answer(call: StruckCall): Promise<void> | void;
  /** For a stream: lets the engine work and tampers with what it yields, instead of `answer`. */
  tamper?(call: StruckCall, events: AsyncIterable<GenerationEvent>): AsyncIterable<GenerationEvent>;
}

type GenerateFaultKind = Exclude<
  FaultKind,
  'slow' | 'lying-metrics' | 'huge-metrics' | 'slow-metrics' | 'broken-metrics' | 'missing-metrics'
>;

const EFFECTS: Readonly<Record<GenerateFaultKind, FaultEffect>> = {
  hang: {
    answer({ res, isStream }) {
      res.writeHead(200, { 'content-type': contentType(isStream) });
      res.flushHeaders();
    },
  },
  'hang-before-headers': { answer: () => undefined },
  reset: { answer: resetMidway, tamper: resetAfterTokens },
  '500': { answer: (call) => refuse(call, 500, 'internal_error', 'Internal server error (injected fault).') },
  '429': { answer: (call) => refuse(call, 429, 'engine_busy', 'Too many requests (injected fault).') },
  '503': { answer: (call) => refuse(call, 503, 'unavailable', 'Service unavailable (injected fault).') },
  'garbage-sse': { answer: sendGarbage },
  'never-ending': { answer: dripForever, tamper: goOnForever },
  'error-frame': { answer: sendErrorAfter200 },
  redirect: {
    answer({ res, fault }) {
      res.writeHead(307, { location: String(fault.parameters.location), 'content-length': 0 }).end();
    },
  },
  huge: { answer: sendHuge },
};

export function effectOf(fault: Fault): FaultEffect {
  return EFFECTS[fault.kind as GenerateFaultKind];
}

const contentType = (isStream: boolean) =>
  isStream ? 'text/event-stream; charset=utf-8' : 'application/json';

function refuse({ res, dialect, fault }: StruckCall, status: number, code: string, message: string): void {
  const retryAfter = fault.parameters.retryAfterSeconds;
  if (retryAfter !== undefined) res.setHeader('retry-after', String(retryAfter));
  sendError(res, dialect, { status, code, message });
}

async function resetMidway({ res }: StruckCall): Promise<void> {
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
  await new Promise<void>((written) => res.write('{"id":"', () => written()));
  res.socket?.resetAndDestroy();
}

async function* resetAfterTokens({ res, fault }: StruckCall, events: AsyncIterable<GenerationEvent>) {
  let left = Number(fault.parameters.tokens);
  for await (const event of events) {
    if (left-- <= 0 || event.type === 'end') {
      // What was yielded so far is still to be written, on the next tick.
      await delay(1);
      res.socket?.resetAndDestroy();
      return;
    }
    yield event;
  }
}

function sendGarbage({ res, isStream }: StruckCall): void {
  res.writeHead(200, { 'content-type': contentType(isStream) });
  res.write('data: {"choices":[{"delta":{"content":\n\n: \u0000\u0001\ndatum {}}\n\nda');
  res.end(Buffer.from([0xff, 0xfe, 0x80, 0x0a, 0xc3, 0x28, 0x0d, 0x0a, 0x0d]));
}

async function dripForever({ res, fault, signal }: StruckCall): Promise<void> {
  res.writeHead(200, { 'content-type': 'application/json' });
  for (; !signal.aborted; await pause(fault, signal)) res.write(' ');
}

async function* goOnForever({ fault, signal }: StruckCall, events: AsyncIterable<GenerationEvent>) {
  for await (const event of events) if (event.type === 'token') yield event;
  for (; !signal.aborted; await pause(fault, signal)) {
    yield { type: 'token', text: ' and', tokenCount: 1 } satisfies GenerationEvent;
  }
}

async function pause(fault: Fault, signal: AbortSignal): Promise<void> {
  await delay(Number(fault.parameters.intervalMs), undefined, { signal }).catch(() => undefined);
}

function sendErrorAfter200({ res, dialect, isStream }: StruckCall): void {
  const message = 'The engine failed after it had answered 200 (injected fault).';
  const body = JSON.stringify(dialect.errorBody({ status: 500, code: 'internal_error', message }));
  res.writeHead(200, { 'content-type': contentType(isStream) });
  res.end(isStream ? `data: ${body}\n\ndata: [DONE]\n\n` : body);
}

async function sendHuge({ res, fault, isStream, signal }: StruckCall): Promise<void> {
  res.writeHead(200, { 'content-type': contentType(isStream) });
  const filler = 'x'.repeat(65_536);
  const piece = isStream ? `data: {"choices":[{"index":0,"delta":{"content":"${filler}"}}]}\n\n` : filler;
  if (!isStream) res.write('{"object":"chat.completion","choices":[{"message":{"content":"');
  for (let left = Number(fault.parameters.bytes); left > 0 && !signal.aborted; left -= piece.length) {
    if (!res.write(piece)) await once(res, 'drain', { signal }).catch(() => undefined);
  }
  res.end(isStream ? 'data: [DONE]\n\n' : '"}}]}');
}
