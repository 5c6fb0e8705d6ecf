import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { refusalOf } from './__fixtures__/refusal-of.ts';
import { readHints } from './hints.ts';

const ALL = { trustHeaders: true, trustUserHeader: true };

const hintsOf = (headers: Record<string, string | string[]>, trust = ALL) =>
  readHints({ method: 'POST', path: '/v1/x', query: '', headers, receivedAtMs: 1_000 }, trust);

const errorOf = (headers: Record<string, string | string[]>) => refusalOf(() => hintsOf(headers));

describe('readHints', () => {
  it.each<[string, string, object]>([
    ['x-signalbox-priority', 'HIGH', { priority: 'HIGH' }],
    ['x-signalbox-priority', ' background ', { priority: 'BACKGROUND' }],
    ['x-signalbox-deadline-ms', '250', { deadlineMs: 1_250 }],
    ['x-signalbox-deadline-ms', '0.5', { deadlineMs: 1_000.5 }],
    ['x-signalbox-ttft-slo-ms', '300', { ttftSloMs: 300 }],
    ['x-signalbox-tpot-slo-ms', '12.5', { tpotSloMs: 12.5 }],
    ['x-signalbox-session', 'chat 42', { session: 'chat 42' }],
    ['x-openwebui-user-id', 'u-1', { webUiUser: 'u-1' }],
    ['x-signalbox-tags', 'team=search, tier=gold', { tags: { team: 'search', tier: 'gold' } }],
    ['x-signalbox-tags', '__proto__=x', { tags: Object.fromEntries([['__proto__', 'x']]) }],
  ])('reads %s: %s', (name, text, hints) => {
    expect(hintsOf({ [name]: text })).toEqual(hints);
  });

  it('has none where no header is', () => {
    expect(hintsOf({ 'user-agent': 'curl' })).toEqual({});
  });

  it('reads several together', () => {
    const headers = {
      'x-signalbox-priority': 'low',
      'x-signalbox-ttft-slo-ms': '5',
      'x-signalbox-session': 's',
    };
    expect(hintsOf(headers)).toEqual({ priority: 'LOW', ttftSloMs: 5, session: 's' });
  });

  it.each([
    ['x-signalbox-priority', 'urgent', 'one of CRITICAL, HIGH, NORMAL, LOW, BACKGROUND'],
    ['x-signalbox-priority', '', 'one of CRITICAL, HIGH, NORMAL, LOW, BACKGROUND'],
    ['x-signalbox-priority', 'HIGH, LOW', 'one of CRITICAL, HIGH, NORMAL, LOW, BACKGROUND'],
    ['x-signalbox-deadline-ms', 'soon', 'milliseconds from now, above 0, at most 86400000'],
    ['x-signalbox-deadline-ms', '0', 'milliseconds from now, above 0, at most 86400000'],
    ['x-signalbox-deadline-ms', '-5', 'milliseconds from now, above 0, at most 86400000'],
    ['x-signalbox-deadline-ms', '86400001', 'milliseconds from now, above 0, at most 86400000'],
    ['x-signalbox-deadline-ms', '1e3', 'milliseconds from now, above 0, at most 86400000'],
    ['x-signalbox-deadline-ms', '0x10', 'milliseconds from now, above 0, at most 86400000'],
    ['x-signalbox-ttft-slo-ms', 'NaN', 'milliseconds, above 0, at most 86400000'],
    ['x-signalbox-tpot-slo-ms', 'Infinity', 'milliseconds, above 0, at most 86400000'],
    ['x-signalbox-session', '', '1 to 256 printable ASCII characters'],
    ['x-signalbox-session', 'a\u00e9', '1 to 256 printable ASCII characters'],
    ['x-openwebui-user-id', 'a\u0000', '1 to 256 printable ASCII characters'],
    ['x-signalbox-tags', 'novalue', 'at most 16 of name=value with commas between'],
    ['x-signalbox-tags', 'a=1,,b=2', 'at most 16 of name=value with commas between'],
  ])('refuses %s: %s, saying what is allowed', (name, text, allowed) => {
    expect(errorOf({ [name]: text })).toMatchObject({
      code: 'invalid_value',
      status: 400,
      param: name,
      message: `The header ${name} must be ${allowed}; found ${JSON.stringify(text)}.`,
    });
  });

  it('refuses a header that came twice', () => {
    expect(errorOf({ 'x-signalbox-priority': ['HIGH', 'LOW'] }).message).toContain('found "HIGH,LOW"');
  });

  it('refuses more than 16 tags and cuts short what it repeats', () => {
    const tags = Array.from({ length: 17 }, (_, index) => `tag${index}=value`).join(',');
    const error = errorOf({ 'x-signalbox-tags': tags });
    expect(error.param).toBe('x-signalbox-tags');
    expect(error.message.length).toBeLessThan(200);
  });

  it('does not look at what is not trusted', () => {
    const headers = { 'x-signalbox-priority': 'nonsense', 'x-openwebui-user-id': 'u' };
    expect(hintsOf(headers, { trustHeaders: false, trustUserHeader: true })).toEqual({ webUiUser: 'u' });
    const good = { 'x-signalbox-priority': 'LOW', 'x-openwebui-user-id': '\u00e9' };
    expect(hintsOf(good, { trustHeaders: true, trustUserHeader: false })).toEqual({ priority: 'LOW' });
  });

  it('makes of any text either a hint within its bounds or an answer of 400', () => {
    const name = fc.constantFrom(
      'x-signalbox-priority',
      'x-signalbox-deadline-ms',
      'x-signalbox-ttft-slo-ms',
      'x-signalbox-tpot-slo-ms',
      'x-signalbox-session',
      'x-openwebui-user-id',
      'x-signalbox-tags',
    );
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.double().map(String), fc.integer().map(String));
    fc.assert(
      fc.property(name, fc.oneof(text, fc.array(text)), (header, value) => {
        try {
          const {
            deadlineMs = 1_001,
            ttftSloMs = 1,
            tpotSloMs = 1,
            session = 's',
          } = hintsOf({ [header]: value });
          expect(deadlineMs).toBeGreaterThan(1_000);
          expect(Math.min(ttftSloMs, tpotSloMs)).toBeGreaterThan(0);
          expect(session).toMatch(/^[\x20-\x7e]{1,256}$/);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid_value', param: header });
        }
      }),
    );
  });
});
