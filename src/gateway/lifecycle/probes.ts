/** `/health` and `/ready`: whether the process lives, and whether it should be sent requests. */

import type { LocalAnswer } from '../intake/index.ts';

export interface ProbeFacts {
  readonly isStopping: boolean;
  /** Asked only where the answer depends on it: it looks at the whole fleet. */
  readonly isReady: () => boolean;
}

/** The answer to a probe; `undefined` for a call that is none. */
export function answerProbe(method: string, path: string, facts: ProbeFacts): LocalAnswer | undefined {
  if (method !== 'GET' && method !== 'HEAD') return undefined;
  if (path === '/health') return probeAnswer(200, 'ok');
  if (path !== '/ready') return undefined;
  if (facts.isStopping) return probeAnswer(503, 'stopping');
  return facts.isReady() ? probeAnswer(200, 'ready') : probeAnswer(503, 'no instance is ready');
}

function probeAnswer(status: number, text: string): LocalAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ status: text }) };
}
