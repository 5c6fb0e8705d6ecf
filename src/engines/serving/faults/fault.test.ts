import { describe, expect, it } from 'vitest';
import { FAULT_KINDS, FAULTS } from './catalogue.ts';
import { FaultError, faultOf, parseFault } from './fault.ts';

describe('a fault from fields', () => {
  it.each(FAULT_KINDS)('%s needs nothing but its kind', (kind) => {
    const fault = faultOf({ kind });
    expect(fault).toMatchObject({ kind, probability: 1, count: Infinity, scope: 'generate' });
    for (const [name, { default: value }] of Object.entries(FAULTS[kind].parameters)) {
      expect(fault.parameters[name]).toBe(value);
    }
  });

  it.each([
    ['no kind', {}, /unknown fault undefined; allowed: .*hang/],
    ['an unknown kind', { kind: 'explode' }, /unknown fault "explode"/],
    ['a name that every object has', { kind: 'toString' }, /unknown fault "toString"/],
    ['a probability above 1', { kind: '500', probability: 2 }, /'probability' of fault 500 is 2; 0 to 1/],
    ['a count of 0', { kind: '500', count: 0 }, /'count' of fault 500 is 0/],
    [
      'a parameter of another fault',
      { kind: 'hang', tokens: 3 },
      /fault hang has no parameter 'tokens'; allowed: probability, count, scope/,
    ],
    [
      'a parameter out of range',
      { kind: 'lying-metrics', kvCacheUsage: 3 },
      /'kvCacheUsage' of fault lying-metrics is 3; 0 to 1/,
    ],
    ['a text for a number', { kind: 'slow', factor: 'very' }, /'factor' of fault slow is "very"/],
    ['a number for a text', { kind: 'redirect', location: 5 }, /'location' of fault redirect is 5/],
    [
      'another scope',
      { kind: '500', scope: 'some' },
      /'scope' of fault 500 is "some"; allowed: generate, all/,
    ],
    [
      'chance for the whole engine',
      { kind: 'slow', probability: 0.5 },
      /fault slow strikes the whole engine/,
    ],
  ])('is refused with %s', (_, fields, message) => {
    expect(() => faultOf(fields)).toThrow(FaultError);
    expect(() => faultOf(fields)).toThrow(message);
  });
});

describe('a fault from a flag', () => {
  it.each([
    ['500', { kind: '500' }],
    ['slow:2.5', { kind: 'slow', factor: 2.5 }],
    ['reset:0', { kind: 'reset', tokens: 0 }],
    ['reset:tokens=5,probability=0.1', { kind: 'reset', tokens: 5, probability: 0.1 }],
    ['429:retryAfterSeconds=7,count=2', { kind: '429', retryAfterSeconds: 7, count: 2 }],
    ['503:scope=all', { kind: '503', scope: 'all' }],
    ['redirect:http://127.0.0.1:9/?a=b', { kind: 'redirect', location: 'http://127.0.0.1:9/?a=b' }],
    ['redirect:location=http://127.0.0.1:9/', { kind: 'redirect', location: 'http://127.0.0.1:9/' }],
    ['huge-metrics:20000', { kind: 'huge-metrics', bytes: 20_000 }],
  ])('%s', (text, fields) => {
    expect(parseFault(text)).toEqual(faultOf(fields));
  });

  it.each([
    ['', /unknown fault ""/],
    ['slow:', /'factor' of fault slow is ""/],
    ['hang:5', /fault hang takes no parameter; found '5'/],
    ['nonsense:5', /unknown fault "nonsense"/],
    ['slow:speed=3', /has no parameter 'speed'/],
  ])('%j is refused', (text, message) => {
    expect(() => parseFault(text)).toThrow(message);
  });
});
