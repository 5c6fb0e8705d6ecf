/** Mock upstream and clients for real, over loopback, without a contender between them. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  LAST_FRAMES,
  MODEL,
  type Pace,
  SMALL_ANSWER,
  SMALL_REQUEST_BODY,
  streamBody,
  streamRequestBody,
} from './answers.ts';
import { OpenStreams } from './open-streams.ts';
import { checkSmallAnswer, measureRoundTrips } from './round-trips.ts';
import { runStreamLoad } from './stream-load.ts';
import { startUpstream, type Upstream } from './upstream.ts';

let upstream: Upstream;

beforeEach(async () => {
  upstream = await startUpstream(2);
});

afterEach(() => upstream.close());

const direct = () => ({ url: upstream.urls[0]!, headers: {} });

function post(body: string): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return fetch(`${upstream.urls[1]}/v1/chat/completions`, { method: 'POST', headers, body });
}

describe('the mock upstream', () => {
  it('listens on as many addresses as it has instances', async () => {
    expect(new Set(upstream.urls).size).toBe(2);
    for (const url of upstream.urls) expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  it('answers a small request with a completion', async () => {
    const response = await post(SMALL_REQUEST_BODY);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.text()).toBe(SMALL_ANSWER);
    expect(JSON.parse(SMALL_ANSWER)).toMatchObject({
      object: 'chat.completion',
      usage: { total_tokens: 92 },
    });
  });

  it('streams the ordered number of events by itself at the pace "step"', async () => {
    const response = await post(streamRequestBody({ id: 1, frames: 3, pace: 'step' }));
    expect(response.headers.get('content-type')).toMatch('text/event-stream');
    expect(await response.text()).toBe(streamBody(3).toString());
  });

  it('streams the next event when it is told to at the pace "closed"', async () => {
    const response = await post(streamRequestBody({ id: 7, frames: 2, pace: 'closed' }));
    upstream.advance(7);
    upstream.advance(7);
    expect(await response.text()).toBe(streamBody(2).toString());
    upstream.advance(7);
    upstream.advance(8);
  });

  it('is recognised as vLLM', async () => {
    const page = async (path: string) => (await fetch(`${upstream.urls[0]}${path}`)).text();
    expect(JSON.parse(await page('/v1/models')).data).toMatchObject([{ id: MODEL, owned_by: 'vllm' }]);
    expect(await page('/metrics')).toContain(`vllm:num_requests_running{model_name="${MODEL}"} 3\n`);
    expect((await fetch(`${upstream.urls[0]}/props`)).status).toBe(404);
  });
});

describe('round trips', () => {
  it('take some time, the slowest the most', async () => {
    const { p50Ms, p99Ms } = await measureRoundTrips(direct(), 20);
    expect(p50Ms).toBeGreaterThan(0);
    expect(p99Ms).toBeGreaterThanOrEqual(p50Ms);
  });

  it('are right, to the last byte', async () => {
    expect(await checkSmallAnswer(direct())).toBe(true);
  });

  it('fail where nobody listens', async () => {
    const nobody = { url: upstream.urls[0]!, headers: {} };
    await upstream.close();
    await expect(checkSmallAnswer(nobody)).rejects.toThrow('ECONNREFUSED');
    upstream = await startUpstream(1);
  });
});

describe('the load of streams', () => {
  const load = (pace: Pace) =>
    runStreamLoad(
      { target: direct(), streams: 5, frames: 4, pace, warmUpSeconds: 0.05, seconds: 0.2, pids: [] },
      upstream,
    );

  it.each(['closed', 'step'] as const)('at the pace "%s" loses nothing and alters nothing', async (pace) => {
    const result = await load(pace);
    expect(result).toMatchObject({ framesLost: 0, streamsAltered: 0, failures: [], cpuMicros: 0 });
    expect(result.chunks).toBeGreaterThan(0);
    expect(result.streams).toBeGreaterThanOrEqual(5);
    expect(result.seconds).toBeGreaterThan(0.1);
  });

  it('counts what is lost when the upstream goes away in the middle', async () => {
    const going = setTimeout(() => void upstream.close(), 100);
    const result = await load('closed');
    clearTimeout(going);
    expect(result.failures).not.toEqual([]);
    expect(result.framesLost).toBeGreaterThan(0);
    expect(result.framesLost).toBeLessThanOrEqual(5 * (4 + LAST_FRAMES.length));
    upstream = await startUpstream(1);
  });
});

describe('open streams', () => {
  it('are open when their first event has come, and closed together', async () => {
    const streams = new OpenStreams();
    await streams.open(direct(), 60);
    await streams.open(direct(), 3);
    streams.closeAll();
  });

  it('are refused where there is no such thing', async () => {
    const streams = new OpenStreams();
    await upstream.close();
    await expect(streams.open({ url: 'http://127.0.0.1:1', headers: {} }, 1)).rejects.toThrow('ECONNREFUSED');
    upstream = await startUpstream(1);
  });
});
