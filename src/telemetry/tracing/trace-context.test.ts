import { describe, expect, it } from 'vitest';
import { headersOf, spanContextOf, traceHeadersOf } from './trace-context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const VALID = `00-${TRACE}-${SPAN}-01`;

describe('a traceparent', () => {
  it.each([
    [VALID, 1],
    [`00-${TRACE}-${SPAN}-00`, 0],
    // Unknown flags say nothing.
    [`00-${TRACE}-${SPAN}-fe`, 0],
    // A later version may say more.
    [`01-${TRACE}-${SPAN}-01-more`, 1],
    [` ${VALID} `, 1],
  ])('such as %j is read', (traceparent, traceFlags) => {
    const headers = traceHeadersOf({ traceparent })!;
    expect(spanContextOf(headers)).toEqual({ traceId: TRACE, spanId: SPAN, traceFlags, isRemote: true });
  });

  it.each([
    undefined,
    '',
    'x',
    `ff-${TRACE}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-01-more`,
  ])('such as %j is none', (traceparent) => {
    expect(traceHeadersOf({ traceparent, tracestate: 'a=1' })).toBeUndefined();
  });

  it('that came twice is none', () => {
    expect(traceHeadersOf({ traceparent: [VALID, VALID] })).toBeUndefined();
  });

  it('goes on as it came, with its state', () => {
    const headers = traceHeadersOf({ traceparent: VALID, tracestate: ['a=1', 'b=2'] })!;
    expect(headers).toEqual({ traceparent: VALID, tracestate: 'a=1,b=2' });
    expect(headersOf(spanContextOf(headers)!)).toEqual(headers);
  });
});
