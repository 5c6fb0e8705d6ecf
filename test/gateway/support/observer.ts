/** A request observer that remembers what it was told. */

import type { ErrorCode } from '../../../src/domain/index.ts';
import type { RequestObserver, RequestRecord } from '../../../src/telemetry/request-record.ts';

export interface Retry {
  readonly model: string;
  readonly instanceId: string;
  readonly reason: ErrorCode;
}

export class RecordingObserver implements RequestObserver {
  readonly records: RequestRecord[] = [];
  readonly retries: Retry[] = [];
  starts = 0;

  onRequestStart(): void {
    this.starts += 1;
  }

  onRetry(model: string, instanceId: string, reason: ErrorCode): void {
    this.retries.push({ model, instanceId, reason });
  }

  onRequestEnd(record: RequestRecord): void {
    this.records.push(record);
  }

  /** The only record there is. */
  get record(): RequestRecord {
    if (this.records.length !== 1) throw new Error(`expected one record, found ${this.records.length}`);
    return this.records[0]!;
  }
}
