/** How long an engine's metrics page takes to be read, per megabyte. */

import { createMetricsReader, ENGINE_ADAPTERS } from '../../src/engines/index.ts';

const ROUNDS = 200;

/** Milliseconds per megabyte (10^6 bytes), the median of many pages of `kilobytes`. */
export function expositionMsPerMegabyte(kilobytes = 58): number {
  const page = Buffer.from(pageOf(kilobytes * 1_000));
  const read = createMetricsReader(ENGINE_ADAPTERS.vllm.metrics);
  const tookMs = Float64Array.from({ length: ROUNDS }, () => {
    const startMs = performance.now();
    read(page);
    return performance.now() - startMs;
  }).sort();
  return Number(((tookMs[ROUNDS / 2]! * 1e6) / page.length).toFixed(3));
}

/** A page like vLLM's: histograms with many labels, and a few gauges among them. */
function pageOf(bytes: number): string {
  const lines = [
    '# TYPE vllm:num_requests_running gauge',
    'vllm:num_requests_running{engine="0",model_name="m"} 12.0',
  ];
  let length = 0;
  for (let i = 0; length < bytes; i++) {
    const line = `vllm:e2e_request_latency_seconds_bucket{engine="0",le="${i / 10}",model_name="meta-llama/Llama-3.1-8B"} ${i}.0`;
    lines.push(line);
    length += line.length + 1;
  }
  lines.push(
    'vllm:num_requests_waiting{engine="0",model_name="m"} 3.0',
    'vllm:kv_cache_usage_perc{engine="0"} 0.42',
    '',
  );
  return lines.join('\n');
}
