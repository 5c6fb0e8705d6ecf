import { describe, expect, it } from 'vitest';
import { eventually } from '../bad-input/support/eventually.ts';
import { type Fleet, occupy, openFleets } from './support/fleet.ts';
import { ofTokens } from './support/requests.ts';

const startFleet = openFleets();

const ONE_SLOT = { maxConcurrency: 1 };

async function failureOf(
  response: Response,
): Promise<{ status: number; code: string; retryAfter: string | null }> {
  const { error } = (await response.json()) as { error: { code: string } };
  return { status: response.status, code: error.code, retryAfter: response.headers.get('retry-after') };
}

/** Sends a request that will wait, and returns once it does. */
async function enqueue(
  fleet: Fleet,
  headers: Record<string, string> = {},
  body: object = ofTokens(1),
): Promise<{ answer: Promise<Response> }> {
  const before = await fleet.waiting();
  const answer = fleet.chat(body, headers);
  await eventually(async () => expect(await fleet.waiting()).toBe(before + 1));
  return { answer };
}

describe('with every engine busy', () => {
  it('the higher class goes first, and within a class who came first', async () => {
    const fleet = await startFleet(ONE_SLOT);
    const free = await occupy(fleet, 1);
    const order: string[] = [];
    const all: Promise<unknown>[] = [];
    for (const [name, priority] of [
      ['low', 'LOW'],
      ['normal 1', 'NORMAL'],
      ['critical', 'CRITICAL'],
      ['normal 2', 'NORMAL'],
      ['background', 'BACKGROUND'],
      ['high', 'HIGH'],
    ] as const) {
      const { answer } = await enqueue(fleet, { 'x-signalbox-priority': priority });
      all.push(
        answer.then(async (response) => order.push(`${name} ${(await response.text()) && response.status}`)),
      );
    }
    const { lanes } = await fleet.admin<{ lanes: { waitingByPriority: object }[] }>('/admin/queue');
    expect(lanes[0]!.waitingByPriority).toEqual({ CRITICAL: 1, HIGH: 1, NORMAL: 2, LOW: 1, BACKGROUND: 1 });
    await free();
    await Promise.all(all);
    expect(order).toEqual([
      'critical 200',
      'high 200',
      'normal 1 200',
      'normal 2 200',
      'low 200',
      'background 200',
    ]);
  });

  it('a request whose deadline passes while it waits is told so then, not later', async () => {
    const fleet = await startFleet(ONE_SLOT);
    const free = await occupy(fleet, 1);
    const answer = await fleet.chat(ofTokens(1), { 'x-signalbox-deadline-ms': '150' });
    expect(await failureOf(answer)).toEqual({ status: 504, code: 'deadline_exceeded', retryAfter: null });
    expect(answer.headers.get('x-should-retry')).toBe('false');
    expect(await fleet.waiting()).toBe(0);
    await free();
  });

  it('a stream whose deadline passes after its first comment ends with an error event', async () => {
    const fleet = await startFleet({ ...ONE_SLOT, config: { limits: { commentIntervalMs: 50 } } });
    const free = await occupy(fleet, 1);
    const answer = await fleet.chat(ofTokens(1, { stream: true }), { 'x-signalbox-deadline-ms': '400' });
    const text = await answer.text();
    expect(text).toMatch(/^: queued position=1\n\n/);
    expect(text).toMatch(/data: \{"error":\{.*"code":"deadline_exceeded".*\}\}\n\n$/);
    await free();
  });

  it('a full queue turns away at once, and says when to come back', async () => {
    const fleet = await startFleet({ ...ONE_SLOT, config: { queue: { maxRequests: 2 } } });
    const free = await occupy(fleet, 1);
    const waiting = [await enqueue(fleet), await enqueue(fleet)];
    const turnedAway = await fleet.chat(ofTokens(1));
    expect(await failureOf(turnedAway)).toEqual({
      status: 429,
      code: 'queue_full',
      retryAfter: expect.stringMatching(/^[1-9]\d?$/),
    });
    expect(await fleet.waiting()).toBe(2);
    await free();
    for (const { answer } of waiting) expect((await answer).status).toBe(200);
  });

  it('a full queue sheds its lowest for one that counts more', async () => {
    const fleet = await startFleet({ ...ONE_SLOT, config: { queue: { maxRequests: 1 } } });
    const free = await occupy(fleet, 1);
    const low = await enqueue(fleet, { 'x-signalbox-priority': 'LOW' });
    const high = fleet.chat(ofTokens(1), { 'x-signalbox-priority': 'HIGH' });
    expect(await failureOf(await low.answer)).toMatchObject({ status: 429, code: 'shed' });
    await free();
    expect((await high).status).toBe(200);
  });

  it('a queue that is full of tokens turns away what would add more', async () => {
    const fleet = await startFleet({ ...ONE_SLOT, config: { queue: { maxTokens: 1_000 } } });
    const free = await occupy(fleet, 1);
    const { answer } = await enqueue(fleet);
    const large = { messages: [{ role: 'user', content: 'word '.repeat(4_000) }] };
    expect(await failureOf(await fleet.chat(ofTokens(1, large)))).toMatchObject({
      status: 429,
      code: 'queue_full',
    });
    expect(await fleet.waiting()).toBe(1);
    await free();
    expect((await answer).status).toBe(200);
    expect((await fleet.chat(ofTokens(1, large))).status).toBe(200);
  });

  it('a freed slot goes to who waits, and the answer says how long that took', async () => {
    const fleet = await startFleet(ONE_SLOT);
    const free = await occupy(fleet, 1);
    const { answer } = await enqueue(fleet);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await free();
    const response = await answer;
    expect(response.status).toBe(200);
    expect(Number(response.headers.get('x-signalbox-queue-ms'))).toBeGreaterThanOrEqual(100);
  });
});
