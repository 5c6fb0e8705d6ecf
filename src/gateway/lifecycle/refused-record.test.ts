import { describe, expect, it } from 'vitest';
import { SignalboxError } from '../../domain/index.ts';
import { refusedRecord } from './refused-record.ts';

describe('refusedRecord', () => {
  it('tells what was refused and why, without a model', () => {
    const call = { method: 'POST', path: '/v1/x', query: '', headers: {}, receivedAtMs: 100 };
    const record = refusedRecord(call, new SignalboxError('invalid_json', 'no'), 'r-1', 103);
    expect(record).toMatchObject({
      requestId: 'r-1',
      path: '/v1/x',
      model: '',
      outcome: 'failed',
      status: 400,
      errorCode: 'invalid_json',
      attempts: 0,
      e2eMs: 3,
    });
  });
});
