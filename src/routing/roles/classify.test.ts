import { describe, expect, it } from 'vitest';
import { aRequest } from '../../../test/builders.ts';
import type { RequestMetadata } from '../../domain/index.ts';
import { classifyPhase, DEFAULT_PHASE_SETTINGS, type PhaseSettings, type RequestPhase } from './classify.ts';

describe("a request's phase", () => {
  it.each<[string, Partial<RequestMetadata>, Partial<PhaseSettings>, RequestPhase]>([
    ['a long prompt', { promptTokens: 801, maxTokens: 900 }, {}, 'prefill'],
    ['a prompt just not long', { promptTokens: 800, maxTokens: 900 }, {}, 'decode'],
    ['a prompt long for its answer', { promptTokens: 401, maxTokens: 100 }, {}, 'prefill'],
    ['a prompt just not long for its answer', { promptTokens: 400, maxTokens: 100 }, {}, 'decode'],
    ['an answer of unknown length, which counts as 100', { promptTokens: 401 }, {}, 'prefill'],
    ['no answer at all', { promptTokens: 401, maxTokens: 0 }, {}, 'decode'],
    ['urgent and short', { promptTokens: 9_000, maxTokens: 499, priority: 'CRITICAL' }, {}, 'decode'],
    ['urgent as well', { promptTokens: 9_000, maxTokens: 499, priority: 'HIGH' }, {}, 'decode'],
    ['urgent but long', { promptTokens: 9_000, maxTokens: 500, priority: 'CRITICAL' }, {}, 'prefill'],
    ['not urgent', { promptTokens: 9_000, maxTokens: 499, priority: 'NORMAL' }, {}, 'prefill'],
    ['due at once', { promptTokens: 9_000, arrivalMs: 1_000, deadlineMs: 1_099 }, {}, 'decode'],
    ['due later', { promptTokens: 9_000, arrivalMs: 1_000, deadlineMs: 1_100 }, {}, 'prefill'],
    [
      'urgent where only sizes count',
      { promptTokens: 9_000, maxTokens: 9, priority: 'CRITICAL', deadlineMs: 1 },
      { policy: 'threshold' },
      'prefill',
    ],
    ['anything where nothing counts', { promptTokens: 9_000 }, { policy: 'off' }, 'both'],
    ['long by another threshold', { promptTokens: 51, maxTokens: 900 }, { promptTokens: 50 }, 'prefill'],
  ])('of one that is %s', (_, request, settings, expected) => {
    expect(classifyPhase(aRequest(request), { ...DEFAULT_PHASE_SETTINGS, ...settings })).toBe(expected);
  });
});
