/** First come, first served, with an account of every decision: what the others could say of themselves as well. */

import type { CustomPolicy } from '../../src/queueing/index.ts';

/** The last lines kept; older ones are dropped. */
const MAX_LINES = 100;

/** In the configuration: `policy: { file: ./observable.ts, parameters: { logs: true } }`. */
export function createPolicy({ logs = false }: { readonly logs?: boolean } = {}): CustomPolicy {
  const counts = { decisions: 0, nobodyWaited: 0, noRoom: 0, completed: 0, failed: 0 };
  const lines: string[] = [];

  function say(line: string): void {
    lines.push(line);
    if (lines.length > MAX_LINES) lines.shift();
    if (logs) console.error(`[observable] ${line}`);
  }

  return {
    name: 'observable',
    nextRequest(pending, instances, { nowMs }) {
      const [request] = pending;
      if (request === undefined) {
        counts.nobodyWaited++;
        return undefined;
      }
      if (instances.length === 0) {
        counts.noRoom++;
        return undefined;
      }
      counts.decisions++;
      const slo = request.ttftSloMs === undefined ? 'none' : `${request.ttftSloMs} ms`;
      const waitedMs = Math.round(nowMs - request.arrivalMs);
      say(
        `${request.id}: class ${request.priority}, SLO ${slo}, waited ${waitedMs} ms, ${pending.length - 1} behind it`,
      );
      return request;
    },
    onRequestCompleted({ id }, { latencyMs }) {
      counts.completed++;
      say(`${id}: completed after ${Math.round(latencyMs)} ms`);
    },
    onRequestFailed({ id }, instance, _nowMs, kind) {
      counts.failed++;
      say(`${id}: ${kind}${instance === undefined ? '' : ` on ${instance.id}`}`);
    },
    // For operators.
    getStats: () => ({ ...counts, lastLines: lines.slice(-10) }),
  };
}
