import { describe, expect, it, vi } from 'vitest';
import { aRequest } from '../../../test/builders.ts';
import { keyedPolicy, type OrderedRequest } from '../../queueing/index.ts';
import { ShadowLines } from './shadow-lines.ts';

const CONTEXT = { nowMs: 0, instances: [] };
const shortestFirst = keyedPolicy('shortest', ({ promptTokens }) => promptTokens);

let joined = 0;
function waiting(id: string, promptTokens: number, model = 'm'): OrderedRequest {
  const request = aRequest({ id, promptTokens, model });
  return { request, tokens: promptTokens, enqueuedMs: 0, joinOrder: joined++ };
}

describe('the lines of a shadow', () => {
  it('are in the order of its policy, one for each model', () => {
    const lines = new ShadowLines(shortestFirst);
    for (const one of [waiting('long', 90), waiting('short', 10), waiting('other', 1, 'x')]) lines.add(one);
    expect(lines.next('m', CONTEXT)?.waiting.request.id).toBe('short');
    expect(lines.next('x', CONTEXT)?.waiting.request.id).toBe('other');
    expect([lines.sizeOf('m'), lines.sizeOf('x'), lines.sizeOf('unknown')]).toEqual([2, 1, 0]);
  });

  it('forget who left', () => {
    const lines = new ShadowLines(shortestFirst);
    const [long, short] = [waiting('long', 90), waiting('short', 10)];
    lines.add(long);
    lines.add(short);
    lines.remove(short);
    expect(lines.next('m', CONTEXT)?.waiting).toBe(long);
    lines.remove(short);
    lines.remove(waiting('never here', 1, 'unknown'));
    expect(lines.sizeOf('m')).toBe(1);
  });

  it('keep the order of a model that nobody asks for now, with what it remembers', () => {
    const createOrder = vi.fn(shortestFirst.createOrder);
    const lines = new ShadowLines({ ...shortestFirst, createOrder });
    for (let i = 0; i < 3; i++) {
      const one = waiting(`r${i}`, 1);
      lines.add(one);
      lines.remove(one);
    }
    expect(createOrder).toHaveBeenCalledTimes(1);
  });

  it('do not keep the names of ever more models', () => {
    const createOrder = vi.fn(shortestFirst.createOrder);
    const lines = new ShadowLines({ ...shortestFirst, createOrder });
    const pass = () => {
      for (let i = 0; i < 1_500; i++) {
        const one = waiting(`r${i}`, 1, `model-${i}`);
        lines.add(one);
        lines.remove(one);
      }
    };
    pass();
    expect(createOrder).toHaveBeenCalledTimes(1_500);
    pass();
    expect(createOrder).toHaveBeenCalledTimes(2_000);
  });
});
