import { describe, expect, it } from 'vitest';
import {
  createInstance,
  createRequest,
  type ErrorCode,
  ManualClock,
  SignalboxError,
} from '../../domain/index.ts';
import type { Rejection, SchedulerDoor, Ticket, TicketHandlers } from '../../scheduler/index.ts';
import type { RequestRecord } from '../../telemetry/request-record.ts';
import type {
  EngineCall,
  EngineClient,
  EngineListener,
  EngineRequest,
  Exchange,
  HeaderPairs,
} from '../transport/port.ts';
import { Relay } from './relay.ts';
import { DEFAULT_RELAY_SETTINGS } from './settings.ts';

/** Everything around a relay, played by hand: the scheduler, the engine and the caller. */
class Stage {
  readonly clock = new ManualClock(1000);
  /** What the scheduler was told, in order. */
  readonly told: string[] = [];
  readonly usages: unknown[] = [];
  readonly retries: ErrorCode[] = [];
  readonly records: RequestRecord[] = [];
  readonly sent: EngineRequest[] = [];
  /** What the caller got. */
  status = 0;
  headers: HeaderPairs = [];
  text = '';
  isEnded = false;
  isCut = false;
  isBlocked = false;
  aborts = 0;
  pauses = 0;
  resumes = 0;
  ended = 0;
  handlers!: TicketHandlers;
  engine!: EngineListener;
  onSubmit: (handlers: TicketHandlers) => void = () => {};
  readonly exchange: Exchange = this.#exchange();
  readonly relay: Relay;

  constructor(stream = true) {
    const request = createRequest({ id: 'r-1', model: 'm', arrivalMs: 1000, stream });
    const accepted = {
      request,
      body: Buffer.from('{"model":"m"}'),
      path: '/v1/chat/completions',
      contentType: 'application/json',
      requestedModel: 'm',
      wantsUsage: false,
    };
    this.relay = new Relay(this.exchange, accepted, {
      clock: this.clock,
      door: this.#door(),
      client: this.#client(),
      observer: {
        onRequestStart() {},
        onRetry: (_model, _instanceId, reason) => this.retries.push(reason),
        onRequestEnd: (record) => this.records.push(record),
      },
      settings: { ...DEFAULT_RELAY_SETTINGS, commentIntervalMs: 0 },
      forwardsCredentials: false,
      upstreamHeaders: () => ({}),
      upstreamTls: () => undefined,
      onEnd: () => {
        this.ended += 1;
      },
    });
  }

  dispatch(instanceId = 'i0'): void {
    const instance = createInstance({ id: instanceId, url: 'http://engine' });
    const decision = { id: `d-${instanceId}`, instanceId } as Parameters<TicketHandlers['onDispatch']>[0];
    this.handlers.onDispatch(decision, instance, createRequest({ id: 'r-1', model: 'm', arrivalMs: 0 }));
  }

  reject(reason: Rejection['reason']): void {
    this.handlers.onReject({ type: 'reject', requestId: 'r-1', reason, message: 'no', retryAfterMs: 1000 });
  }

  answer(text: string): void {
    this.engine.onHead(200, { 'content-type': 'text/event-stream' });
    this.engine.onBytes(Buffer.from(text));
  }

  header(name: string): string | undefined {
    const at = this.headers.indexOf(name);
    return at === -1 ? undefined : this.headers[at + 1];
  }

  #door(): SchedulerDoor {
    const ticket: Ticket = {
      requestId: 'r-1',
      position: () => undefined,
      firstToken: () => void this.told.push('first token'),
      complete: (usage = {}) => {
        this.told.push('complete');
        this.usages.push(usage);
      },
      fail: ({ mayRetry, isInstanceFault }) =>
        void this.told.push(`fail${mayRetry ? ', may retry' : ''}${isInstanceFault ? ', its fault' : ''}`),
      pushBack: (retryAfterMs) => void this.told.push(`push back ${retryAfterMs}`),
      cancel: () => void this.told.push('cancel'),
    };
    return {
      submit: (_request, handlers) => {
        this.handlers = handlers;
        this.onSubmit(handlers);
        return ticket;
      },
      tellFleet() {},
      instance: () => undefined,
      modelNames: () => ['m'],
    };
  }

  #client(): EngineClient {
    const call: EngineCall = {
      pause: () => (this.pauses += 1),
      resume: () => (this.resumes += 1),
      abort: () => (this.aborts += 1),
    };
    return {
      openConnections: 0,
      forget() {},
      close: async () => {},
      call: (_target, request, listener) => {
        this.sent.push(request);
        this.engine = listener;
        return call;
      },
    };
  }

  #exchange(): Exchange {
    const stage = this;
    return {
      head: {
        method: 'POST',
        path: '/v1/chat/completions',
        query: '',
        headers: {},
        remoteAddress: undefined,
      },
      isGone: false,
      listener: undefined,
      readBody() {},
      closeAfterwards() {},
      begin(status, headers) {
        stage.status = status;
        stage.headers = headers;
      },
      write(bytes) {
        stage.text += typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString();
        return !stage.isBlocked;
      },
      end() {
        stage.isEnded = true;
      },
      destroy() {
        stage.isCut = true;
      },
    };
  }
}

const TOKEN = 'data: {"choices":[{"delta":{"content":"a"}}]}\n\n';
const DONE = 'data: [DONE]\n\n';

describe('a relay', () => {
  it('tells the scheduler of the first token and the end, and frees the slot after the answer', () => {
    const stage = new Stage();
    stage.relay.start();
    stage.dispatch();
    stage.answer(TOKEN);
    expect(stage.told).toEqual(['first token']);
    stage.engine.onBytes(Buffer.from(DONE));
    stage.engine.onEnd();
    expect(stage.told).toEqual(['first token', 'complete']);
    expect([stage.status, stage.text, stage.isEnded, stage.ended]).toEqual([200, TOKEN + DONE, true, 1]);
  });

  it.each([
    ['as counted where the engine does not tell', '', { outputTokens: 3 }],
    [
      'as the engine tells',
      'data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2}}\n\n',
      { promptTokens: 9, outputTokens: 2 },
    ],
  ])('tells the scheduler how long the answer was, %s', (_, lastEvent, usage) => {
    const stage = new Stage();
    stage.relay.start();
    stage.dispatch();
    stage.answer(TOKEN + TOKEN + TOKEN + lastEvent + DONE);
    stage.engine.onEnd();
    expect(stage.usages).toEqual([usage]);
  });

  it('can be dispatched before it knows its ticket', () => {
    const stage = new Stage();
    stage.onSubmit = () => stage.dispatch();
    stage.relay.start();
    stage.answer(TOKEN + DONE);
    stage.engine.onEnd();
    expect(stage.told).toEqual(['first token', 'complete']);
  });

  it('can be turned away before it knows its ticket', () => {
    const stage = new Stage();
    stage.onSubmit = () => stage.reject('queue-full');
    stage.relay.start();
    expect([stage.status, stage.ended]).toEqual([429, 1]);
    expect(JSON.parse(stage.text)).toMatchObject({ error: { code: 'queue_full' } });
    expect(stage.records).toMatchObject([{ outcome: 'shed', attempts: 0 }]);
  });

  it('measures the time in the queue over all tries, and nothing but that', () => {
    const stage = new Stage();
    stage.relay.start();
    stage.clock.advance(10);
    stage.dispatch('i0');
    stage.clock.advance(500);
    stage.engine.onFailure({ kind: 'disconnected', message: 'x' });
    stage.clock.advance(7);
    stage.dispatch('i1');
    stage.clock.advance(100);
    stage.answer(TOKEN + DONE);
    stage.clock.advance(20);
    stage.engine.onEnd();
    expect(stage.header('x-signalbox-queue-ms')).toBe('17');
    expect(stage.records).toMatchObject([{ queueMs: 17, ttftMs: 617, e2eMs: 637, attempts: 2 }]);
    expect(stage.retries).toEqual(['upstream_disconnected']);
    expect(stage.told).toEqual(['fail, may retry, its fault', 'first token', 'complete']);
  });

  it('counts the time of a wait that came to nothing', () => {
    const stage = new Stage();
    stage.relay.start();
    stage.clock.advance(250);
    stage.reject('deadline');
    expect(stage.records).toMatchObject([{ queueMs: 250, outcome: 'shed', errorCode: 'deadline_exceeded' }]);
  });

  it('sends the same bytes again when it is tried again', () => {
    const stage = new Stage();
    stage.relay.start();
    for (const instanceId of ['i0', 'i1', 'i2']) {
      stage.dispatch(instanceId);
      stage.engine.onFailure({ kind: 'unreachable', message: 'x' });
    }
    expect(stage.sent.map(({ body }) => Buffer.from(body).toString())).toEqual(
      Array(3).fill('{"model":"m"}'),
    );
  });

  it('tells what the last instance said when the tries are exhausted', () => {
    const stage = new Stage();
    stage.relay.start();
    stage.dispatch();
    stage.engine.onHead(503, { 'content-type': 'text/plain' });
    stage.engine.onEnd();
    stage.reject('retries-exhausted');
    expect(stage.status).toBe(503);
    expect(stage.header('x-signalbox-instance')).toBe('i0');
    expect(JSON.parse(stage.text)).toMatchObject({ error: { code: 'upstream_error' } });
    expect(stage.records).toMatchObject([{ outcome: 'failed', attempts: 1 }]);
  });

  it('remembers that also when another instance was busy in between', () => {
    const stage = new Stage();
    stage.relay.start();
    stage.dispatch('i0');
    stage.engine.onFailure({ kind: 'unreachable', message: 'x' });
    stage.dispatch('i1');
    stage.engine.onHead(429, { 'retry-after': '2' });
    stage.engine.onEnd();
    expect(stage.told.at(-1)).toBe('push back 2000');
    stage.reject('retries-exhausted');
    expect(stage.status).toBe(502);
    expect(stage.retries).toEqual(['upstream_unreachable']);
  });

  it('holds the engine back as long as the caller does not read', () => {
    const stage = new Stage();
    stage.relay.start();
    stage.dispatch();
    stage.isBlocked = true;
    stage.answer(TOKEN);
    expect([stage.pauses, stage.resumes]).toEqual([1, 0]);
    stage.exchange.listener!.onDrain();
    expect([stage.pauses, stage.resumes]).toEqual([1, 1]);
    stage.exchange.listener!.onGone();
  });

  it('lets go of everything when the caller goes, once', () => {
    const stage = new Stage();
    stage.relay.start();
    stage.dispatch();
    stage.answer(TOKEN);
    stage.exchange.listener!.onGone();
    stage.exchange.listener!.onGone();
    expect([stage.aborts, stage.told, stage.ended]).toEqual([1, ['first token', 'cancel'], 1]);
    expect(stage.records).toMatchObject([{ outcome: 'cancelled', status: 499 }]);
  });

  it('after its end hears nothing any more', () => {
    const stage = new Stage();
    stage.relay.start();
    stage.exchange.listener!.onGone();
    stage.dispatch();
    stage.reject('shed');
    stage.relay.abort(new SignalboxError('shutting_down', 'x'));
    expect([stage.sent.length, stage.status, stage.ended, stage.records.length]).toEqual([0, 0, 1, 1]);
  });

  it('cuts an answer that cannot be completed where the caller would not see it otherwise', () => {
    const stage = new Stage(false);
    stage.relay.start();
    stage.dispatch();
    stage.engine.onHead(200, { 'content-type': 'application/json' });
    stage.engine.onBytes(Buffer.from('{"id":'));
    stage.engine.onFailure({ kind: 'disconnected', message: 'x' });
    expect([stage.isCut, stage.isEnded]).toEqual([true, false]);
    expect(stage.told).toEqual(['first token', 'fail, its fault']);
  });
});
