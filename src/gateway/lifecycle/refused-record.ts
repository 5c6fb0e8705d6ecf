/** What is reported of a call that never became a request. */

import type { SignalboxError } from '../../domain/index.ts';
import type { RequestRecord } from '../../telemetry/request-record.ts';
import type { IncomingCall } from '../intake/index.ts';

export function refusedRecord(
  call: IncomingCall,
  error: SignalboxError,
  requestId: string,
  nowMs: number,
): RequestRecord {
  return {
    requestId,
    model: '',
    kind: 'other',
    path: call.path,
    stream: false,
    priority: 'NORMAL',
    outcome: 'failed',
    status: error.status,
    errorCode: error.code,
    attempts: 0,
    arrivalMs: call.receivedAtMs,
    queueMs: 0,
    e2eMs: nowMs - call.receivedAtMs,
  };
}
