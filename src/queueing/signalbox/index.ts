/** The `signalbox` policy: classes with shares, tenants by tokens, requests by slack. */

export { SIGNALBOX_PARAMETERS, type SignalboxParameters } from './parameters.ts';
export { signalboxPolicy } from './policy.ts';
