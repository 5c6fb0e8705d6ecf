/** The reason of a decision, told to the caller of the request that it was made for. */

import { describe, expect, it } from 'vitest';
import { ANSWER } from '../bad-input/support/engine.ts';
import { openHouses } from '../bad-input/support/house.ts';
import { json } from '../gateway/support/upstream.ts';

const start = openHouses();

const ASKING = { headers: { 'x-signalbox-explain': '1' } };
const PRINTABLE = /^[\x20-\x7e]{10,500}$/;
const reasonOf = (response: Response) => response.headers.get('x-signalbox-reason');

describe('x-signalbox-reason', () => {
  it('comes on request, as the decision has it', async () => {
    const house = await start([ANSWER, ANSWER]);
    const response = await house.chat({}, ASKING);
    const reason = reasonOf(response)!;
    expect(reason).toMatch(PRINTABLE);
    const id = response.headers.get('x-signalbox-request-id')!;
    const decision = await house.admin<{ reason: string }>(`/admin/decisions/${id}`);
    expect(decision.reason).toContain('×');
    expect(reason).toBe(decision.reason.replaceAll('×', 'x'));
  });

  it('does not come to who does not ask', async () => {
    const house = await start([ANSWER]);
    expect(reasonOf(await house.chat())).toBeNull();
    expect(reasonOf(await house.chat({}, { headers: { 'x-signalbox-explain': '0' } }))).toBeNull();
  });

  it('comes with a stream, before its first byte', async () => {
    const house = await start([
      (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(
          'data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
        );
      },
    ]);
    const response = await house.chat({ stream: true }, ASKING);
    expect(reasonOf(response)).toMatch(PRINTABLE);
    expect(await response.text()).toContain('[DONE]');
  });

  it('is ours alone: what an engine says under this name is not passed on', async () => {
    const house = await start([
      (response, call) => {
        response.setHeader('x-signalbox-reason', 'because I say so');
        ANSWER(response, call);
      },
    ]);
    expect(reasonOf(await house.chat())).toBeNull();
    expect(reasonOf(await house.chat({}, ASKING))).not.toContain('because I say so');
  });

  it('comes with an error that an engine answered, and tells of the last try', async () => {
    const failing = json({ error: { message: 'no' } }, 503);
    const house = await start([failing, failing], { config: { hints: { reasonHeader: 'always' } } });
    const response = await house.chat();
    expect(response.status).toBe(503);
    expect(response.headers.get('x-signalbox-attempts')).toBe('2');
    expect(reasonOf(response)).toContain('of 1 that passed, 2 looked at');
  });

  it.each([
    [{ reasonHeader: 'always' }, {}, true],
    [{ reasonHeader: 'off' }, ASKING, false],
    [{ trustHeaders: false }, ASKING, false],
    [{ trustHeaders: false, reasonHeader: 'always' }, {}, true],
  ])('with %j and %j: %s', async (hints, init, isThere) => {
    const house = await start([ANSWER], { config: { hints } });
    expect(reasonOf(await house.chat({}, init)) !== null).toBe(isThere);
  });

  it('obeys a configuration that is loaded while it runs', async () => {
    const house = await start([ANSWER]);
    const { app } = house;
    await app.apply({ ...app.config, hints: { ...app.config.hints, reasonHeader: 'always' } });
    expect(reasonOf(await house.chat())).toMatch(PRINTABLE);
  });
});
