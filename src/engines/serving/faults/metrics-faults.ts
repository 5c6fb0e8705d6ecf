/** What each fault of the metrics page does to it. */

import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { sendBody } from '../respond.ts';
import type { EngineGauges } from '../token-engine.ts';
import type { Fault } from './fault.ts';

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export interface StruckPage {
  readonly fault: Fault;
  readonly res: ServerResponse;
  readonly gauges: EngineGauges;
  readonly signal: AbortSignal;
  render(gauges: EngineGauges): string;
}

type PageEffect = (page: StruckPage) => Promise<void> | void;

const send = (res: ServerResponse, body: string) => sendBody(res, 200, METRICS_CONTENT_TYPE, body);

const EFFECTS: Readonly<Record<string, PageEffect>> = {
  'lying-metrics': ({ res, gauges, fault, render }) => {
    const { waiting, running, kvCacheUsage } = fault.parameters as Record<string, number>;
    const lies = { waitingRequests: waiting!, runningRequests: running!, kvCacheUsage: kvCacheUsage! };
    send(res, render({ ...gauges, ...lies }));
  },
  'huge-metrics': ({ res, gauges, fault, render }) => {
    const line = 'vllm:request_prompt_tokens_bucket{le="1.0",model_name="filler"} 1.0\n';
    const lines = Math.ceil(Number(fault.parameters.bytes) / line.length);
    send(res, line.repeat(lines) + render(gauges));
  },
  'slow-metrics': async ({ res, gauges, fault, render, signal }) => {
    await delay(Number(fault.parameters.delayMs), undefined, { signal }).catch(() => undefined);
    send(res, render(gauges));
  },
  'broken-metrics': ({ res }) =>
    send(res, '<html>\u0000 vllm:num_requests_waiting{ = }\nvllm:kv_cache_usage_perc NaNa'),
  'missing-metrics': ({ res }) => sendBody(res, 404, 'text/plain', 'Not Found'),
};

export function spoilPage(page: StruckPage): Promise<void> | void {
  return EFFECTS[page.fault.kind]!(page);
}
