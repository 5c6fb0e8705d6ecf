import { describe, expect, it } from 'vitest';
import { anInstance, aRequest } from '../../test/builders.ts';
import { UNKNOWN_LENGTHS } from './load.ts';
import { LoadMeter } from './load-meter.ts';

const MINUTE = 60_000;
const GPU = anInstance('gpu');

function heard(meter: LoadMeter, atMs: number, count: number, promptTokens = 100, model = 'm'): void {
  for (let i = 0; i < count; i++) meter.onRequestDispatched(aRequest({ model, promptTokens }), GPU, atMs);
}

function ended(meter: LoadMeter, atMs: number, outputTokens: number): void {
  meter.onRequestCompleted(aRequest(), { latencyMs: 1, queueMs: 0, outputTokens }, GPU, atMs);
}

const requests = (meter: LoadMeter, nowMs: number, model = 'm') =>
  meter.history(model, nowMs).map((load) => Math.round(load.requests * 100) / 100);

describe('the load of a model', () => {
  it('is what was dispatched in each interval, the oldest first', () => {
    const meter = new LoadMeter();
    for (const [minute, count] of [4, 0, 7].entries()) heard(meter, minute * MINUTE, count);
    heard(meter, 3 * MINUTE - 1, 1);
    expect(requests(meter, 3 * MINUTE - 1)).toEqual([4, 0, 8]);
  });

  it('is the mean length of its requests', () => {
    const meter = new LoadMeter();
    heard(meter, 0, 1, 100);
    heard(meter, 0, 3, 500);
    ended(meter, 0, 20);
    ended(meter, 0, 40);
    expect(meter.history('m', MINUTE - 1)).toMatchObject([{ promptTokens: 400, outputTokens: 30 }]);
  });

  it('generates nothing where embeddings are asked for, and as is assumed where nobody counted', () => {
    const meter = new LoadMeter();
    for (const kind of ['embedding', 'chat'] as const) {
      const request = aRequest({ model: kind, kind });
      meter.onRequestDispatched(request, GPU, 0);
      meter.onRequestCompleted(request, { latencyMs: 1, queueMs: 0 }, GPU, 0);
    }
    expect(meter.history('embedding', 0)[0]!.outputTokens).toBe(0);
    expect(meter.history('chat', 0)[0]!.outputTokens).toBe(UNKNOWN_LENGTHS.outputTokens);
  });

  it('is as long as before where an interval tells nothing, and as is assumed where none did', () => {
    const meter = new LoadMeter();
    heard(meter, 0, 1, 300);
    expect(meter.history('m', 2 * MINUTE - 1)).toMatchObject([
      { promptTokens: 300, outputTokens: UNKNOWN_LENGTHS.outputTokens },
      { requests: 0, promptTokens: 300, outputTokens: UNKNOWN_LENGTHS.outputTokens },
    ]);
  });

  it('is taken for as much in a whole interval while it is young', () => {
    const meter = new LoadMeter();
    heard(meter, 0, 5);
    expect(requests(meter, 0)).toEqual([30]);
    expect(requests(meter, 30_000)).toEqual([10]);
  });

  it('moves on with the time, and falls to nothing when nobody asks', () => {
    const meter = new LoadMeter();
    heard(meter, 0, 12);
    expect(requests(meter, 50 * MINUTE)).toEqual(Array.from({ length: 10 }, () => 0));
  });

  it('counts a request once that was sent back and dispatched again', () => {
    const meter = new LoadMeter();
    const request = aRequest({ promptTokens: 100 });
    for (const kind of ['pushed-back', 'retried'] as const) {
      meter.onRequestDispatched(request, GPU, 0);
      meter.onRequestFailed(request, GPU, 0, kind);
    }
    meter.onRequestDispatched(request, GPU, 0);
    meter.onRequestFailed(request, GPU, 0, 'failed');
    meter.onRequestFailed(aRequest(), undefined, 0, 'rejected');
    expect(meter.history('m', MINUTE - 1)[0]).toMatchObject({
      requests: expect.closeTo(1, 3),
      promptTokens: 100,
    });
  });

  it('is kept of the models heard of last', () => {
    const meter = new LoadMeter({ maxModels: 2 });
    for (const model of ['a', 'b', 'a', 'c']) heard(meter, 0, 1, 100, model);
    expect(['a', 'b', 'c'].map((model) => requests(meter, 0, model).length)).toEqual([1, 0, 1]);
  });

  it('knows nothing of others', () => {
    expect(new LoadMeter().history('m', 0)).toEqual([]);
  });
});
