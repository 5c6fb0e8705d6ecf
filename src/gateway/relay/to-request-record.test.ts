import { describe, expect, it } from 'vitest';
import { createRequest, type SchedulingDecision } from '../../domain/index.ts';
import { type EndedCall, toRequestRecord } from './to-request-record.ts';

const DECISION: SchedulingDecision = {
  id: 'd-1',
  requestId: 'r-1',
  instanceId: 'i0',
  model: 'm',
  atMs: 1010,
  queueMs: 10,
  attempt: 1,
  policy: 'fifo',
  profile: 'p',
  score: 1,
  parallel: { tensor: 1, pipeline: 1, data: 1, expert: 1 },
  reason: 'because',
  candidates: [],
  candidateCount: 1,
  filteredOut: {},
};

function anEndedCall(init: Partial<EndedCall> = {}): EndedCall {
  return {
    request: createRequest({ id: 'r-1', model: 'm', arrivalMs: 1000, stream: true, tenant: 't' }),
    path: '/v1/chat/completions',
    outcome: 'completed',
    status: 200,
    decision: DECISION,
    attempts: 1,
    queueMs: 10,
    firstByteMs: 1100,
    endMs: 1500,
    usage: { promptTokens: 3, outputTokens: 5 },
    dataFrames: 6,
    ...init,
  };
}

describe('toRequestRecord', () => {
  it('measures from the arrival', () => {
    expect(toRequestRecord(anEndedCall())).toEqual({
      requestId: 'r-1',
      model: 'm',
      kind: 'chat',
      path: '/v1/chat/completions',
      stream: true,
      priority: 'NORMAL',
      tenant: 't',
      outcome: 'completed',
      status: 200,
      instanceId: 'i0',
      decisionId: 'd-1',
      attempts: 1,
      arrivalMs: 1000,
      queueMs: 10,
      ttftMs: 100,
      tpotMs: 100,
      e2eMs: 500,
      promptTokens: 3,
      outputTokens: 5,
    });
  });

  it('leaves out what did not happen', () => {
    const record = toRequestRecord(
      anEndedCall({
        outcome: 'shed',
        status: 429,
        errorCode: 'queue_full',
        decision: undefined,
        attempts: 0,
        firstByteMs: undefined,
        usage: {},
        dataFrames: undefined,
      }),
    );
    expect(record).toMatchObject({ outcome: 'shed', errorCode: 'queue_full', attempts: 0 });
    for (const field of ['instanceId', 'decisionId', 'ttftMs', 'tpotMs', 'promptTokens', 'outputTokens']) {
      expect(record).not.toHaveProperty(field);
    }
  });

  it('takes events for tokens where nobody counted', () => {
    const record = toRequestRecord(anEndedCall({ usage: {}, dataFrames: 5 }));
    expect(record).toMatchObject({ outputTokens: 5, tpotMs: 100 });
  });

  it('does not take the events of other APIs for tokens', () => {
    const request = createRequest({ id: 'r', model: 'm', arrivalMs: 1000, kind: 'other', stream: true });
    expect(toRequestRecord(anEndedCall({ request, usage: {} }))).not.toHaveProperty('outputTokens');
  });

  it('knows no time per token of a single token, or of an answer in one piece', () => {
    expect(toRequestRecord(anEndedCall({ usage: { outputTokens: 1 } }))).not.toHaveProperty('tpotMs');
    expect(toRequestRecord(anEndedCall({ dataFrames: undefined }))).not.toHaveProperty('tpotMs');
  });
});
