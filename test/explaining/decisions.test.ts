/** What is remembered of a decision once its request has ended: candidates, prediction, and what then happened. */

import { describe, expect, it } from 'vitest';
import type { DecisionBody } from '../../src/admin/index.ts';
import { ANSWER } from '../bad-input/support/engine.ts';
import { eventually } from '../bad-input/support/eventually.ts';
import { type House, openHouses } from '../bad-input/support/house.ts';
import type { Script } from '../gateway/support/upstream.ts';
import { runSignalbox } from '../up/support/signalbox.ts';

const start = openHouses();

/** Three tokens, the first after 60 ms. */
const STREAM: Script = (response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const token = 'data: {"choices":[{"delta":{"content":"a"}}]}\n\n';
  setTimeout(() => response.write(token.repeat(3)), 60);
  setTimeout(
    () => response.end('data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'),
    90,
  );
};

async function askedAndEnded(house: House, body: object): Promise<DecisionBody> {
  const response = await house.chat(body);
  await response.text();
  const id = response.headers.get('x-signalbox-request-id')!;
  let decision!: DecisionBody;
  await eventually(async () => {
    decision = await house.admin<DecisionBody>(`/admin/decisions/${id}`);
    expect(decision.outcome).not.toBeNull();
  });
  return decision;
}

describe('a decision', () => {
  it('tells what was predicted and what came of it', async () => {
    const house = await start([STREAM, STREAM]);
    const decision = await askedAndEnded(house, { stream: true });
    expect(decision.candidates).toHaveLength(2);
    expect(decision.predictedTtftMs!.mean).toBeGreaterThan(0);
    expect(decision.actualTtftMs).toBeGreaterThan(50);
    expect(decision.ttftErrorMs).toBeCloseTo(decision.actualTtftMs! - decision.predictedTtftMs!.mean);
    expect(decision.explanation).toMatch(
      /Predicted time to first token: .*It came .* after the dispatch, .* later\./,
    );
  });

  it('does not compare an answer in one piece with the first token that was predicted', async () => {
    const decision = await askedAndEnded(await start([ANSWER]), {});
    expect(decision.predictedTtftMs).toBeDefined();
    expect(decision).not.toHaveProperty('actualTtftMs');
  });

  it('is explained on the command line, by the id that the answer carries', async () => {
    const house = await start([STREAM, STREAM]);
    const { requestId, instanceId } = await askedAndEnded(house, { stream: true });
    const { stdout, stderr } = await runSignalbox(['explain', requestId, '--control', house.app.controlUrl]);
    expect(stderr).toBe('');
    expect(stdout).toContain(`Request ${requestId} for m went to ${instanceId}.`);
    expect(stdout).toMatch(new RegExp(`^> ${instanceId} `, 'm'));
    expect(stdout).toMatch(/later\s+than\s+predicted/);
  });

  it('is not looked for at the listener where applications call', async () => {
    const house = await start([ANSWER]);
    const { exitCode, stderr } = await runSignalbox(['explain', '--last', '--control', house.url]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('is not a control listener');
  });

  it('is not remembered where none is to be', async () => {
    const house = await start([ANSWER], { config: { decisions: { keep: 0 } } });
    await (await house.chat()).text();
    expect(await house.admin('/admin/decisions')).toEqual({ decisions: [] });
  });
});
