/** The classification's thresholds as parameters of a part. */

import type { ParameterSpecs } from '../../domain/index.ts';
import { DEFAULT_PHASE_SETTINGS, type PhaseSettings } from './classify.ts';

export const PHASE_PARAMETERS = {
  policy: {
    type: 'text',
    default: DEFAULT_PHASE_SETTINGS.policy,
    oneOf: ['adaptive', 'threshold', 'off'],
    describe: 'Whether urgency counts before sizes, sizes alone count, or nothing does.',
  },
  promptTokens: {
    type: 'number',
    default: DEFAULT_PHASE_SETTINGS.promptTokens,
    min: 0,
    describe: 'A longer prompt makes a prefill request.',
  },
  ratio: {
    type: 'number',
    default: DEFAULT_PHASE_SETTINGS.ratio,
    min: 0,
    describe: 'A prompt more than so many times as long as the answer makes one, too.',
  },
  urgentOutputTokens: {
    type: 'number',
    default: DEFAULT_PHASE_SETTINGS.urgentOutputTokens,
    min: 0,
    describe: 'An urgent request (CRITICAL, HIGH) with a shorter answer is a decode request.',
  },
  urgentDeadlineMs: {
    type: 'number',
    default: DEFAULT_PHASE_SETTINGS.urgentDeadlineMs,
    min: 0,
    describe: 'So is one that must be done in less milliseconds from its arrival.',
  },
} as const satisfies ParameterSpecs;

/** What `readParameters` made of them; it has checked the policy's name. */
export function phaseSettings(
  values: Omit<PhaseSettings, 'policy'> & { readonly policy: string },
): PhaseSettings {
  return { ...values, policy: values.policy as PhaseSettings['policy'] };
}
