import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { progressLine, startProgress } from './progress.ts';
import { Recorder } from './recorder.ts';

const times = { intendedAtMs: 0, latenessMs: 0, heldBackMs: 0 };

function aRecorder(sent: number, ttfts: readonly number[]): Recorder {
  const recorder = new Recorder({});
  for (let count = 0; count < sent; count += 1) recorder.recordSent(times);
  for (const ttftMs of ttfts) {
    const request = { arrivalMs: 0, promptTokens: 1, outputTokens: 1, line: 1 };
    recorder.recordEnd(request, times, {
      type: 'completed',
      firstTokenAtMs: ttftMs,
      lastTokenAtMs: ttftMs,
      endAtMs: ttftMs,
      outputTokens: 1,
      promptTokens: undefined,
      cachedTokens: undefined,
      instanceId: undefined,
      queueMs: undefined,
    });
  }
  return recorder;
}

describe('progressLine', () => {
  const facts = { planned: 1000, lastSendAtMs: 95_000 };

  it('says what was sent, is in flight, failed, how fast it is and how long it takes yet', () => {
    expect(progressLine(aRecorder(12, [100, 200, 300]), facts, 5000)).toBe(
      '12/1,000 sent, 9 in flight, 0 failed, TTFT p50 200 p99 298 ms, 1:30 left',
    );
  });

  it('does without latencies as long as there are none', () => {
    expect(progressLine(aRecorder(0, []), facts, 200_000)).toBe(
      '0/1,000 sent, 0 in flight, 0 failed, TTFT -, 0:00 left',
    );
  });

  it('says what it waits for once all is sent', () => {
    expect(progressLine(aRecorder(3, [1]), { planned: 3, lastSendAtMs: 0 }, 10)).toContain(
      '2 in flight, 0 failed, TTFT p50 1 p99 1 ms, last answers',
    );
  });
});

describe('startProgress', () => {
  const facts = { planned: 5, lastSendAtMs: 0 };

  it('writes whole lines where there is no terminal', async () => {
    const written: string[] = [];
    const stop = startProgress({ write: (text) => written.push(text) }, aRecorder(1, []), facts, 10);
    await sleep(100);
    stop();
    const count = written.length;
    expect(count).toBeGreaterThanOrEqual(2);
    for (const line of written) expect(line).toMatch(/^1\/5 sent, .*\n$/);
    await sleep(50);
    expect(written).toHaveLength(count);
  });

  it('renews one line on a terminal, within its width, and clears it at the end', async () => {
    const written: string[] = [];
    const terminal = { write: (text: string) => written.push(text), isTTY: true, columns: 20 };
    const stop = startProgress(terminal, aRecorder(1, []), facts);
    await sleep(400);
    stop();
    expect(written[0]).toBe('\r\u001b[2K1/5 sent, 1 in flig');
    expect(written.at(-1)).toBe('\r\u001b[2K');
    expect(written.join('')).not.toContain('\n');
  });
});
