/** The routing of other projects, to compare with on equal terms; each says where it is not as there. */

import { type Preset, preset, STANDARD_FILTERS } from './preset.ts';

export const PEER_PRESETS: readonly Preset[] = [
  preset({
    name: 'llm-d',
    describe: 'Short queues 2, free KV cache 2, prefix held 3; the highest sum.',
    source: 'llm-d/llm-d-router pkg/epp/config/loader/defaults.go (v0.10)',
    differs: 'Queues count our own dispatches since the report; the prefix index is in 512-byte blocks.',
    scorers: [
      { name: 'waiting-queue', weight: 2 },
      { name: 'kv-usage', weight: 2 },
      { name: 'prefix', weight: 3 },
    ],
  }),
  preset({
    name: 'dynamo',
    describe: 'The fewest blocks to compute plus blocks resident.',
    source: 'ai-dynamo/dynamo docs/components/router/router-concepts.md',
    differs: 'What is cached is known from our own dispatches, not from KV events.',
    scorers: [{ name: 'dynamo', weight: 1 }],
  }),
  preset({
    name: 'sglang-cache-aware',
    describe: 'The best match while load is even, else the fewest requests.',
    source: 'sgl-project/sglang sgl-model-gateway, cache_aware (64, 1.5, 0.3)',
    differs: 'Trees are of blocks, and forget with the KV cache instead of with time.',
    scorers: [{ name: 'sglang-cache-aware', weight: 1 }],
  }),
  preset({
    name: 'vllm-prefix',
    describe: 'Any of those with the longest match, whatever their load; else the fewest requests.',
    source: 'vllm-project/production-stack src/vllm_router/routers/routing_logic.py',
    differs:
      'Prefixes are forgotten with the KV cache; without a match requests in flight decide, not those per second.',
    scorers: [{ name: 'vllm-prefix', weight: 1 }],
  }),
  preset({
    name: 'aibrix-prefix',
    describe: 'The best match that is not much busier than the mean, else the fewest requests.',
    source: 'vllm-project/aibrix pkg/plugins/gateway/algorithms/prefix_cache.go',
    differs: 'Requests are those in flight from us, not those that run.',
    scorers: [{ name: 'aibrix-prefix', weight: 1 }],
  }),
  preset({
    name: 'preble',
    describe: 'E2: exploit where most of the prompt is held, else explore at the least cost of GPU time.',
    source: 'arXiv 2407.00023, WukLab/preble global_scheduler_with_time.py',
    differs: 'Costs are of what is there now, not of three minutes of history; nothing is moved afterwards.',
    scorers: [{ name: 'preble', weight: 1 }],
  }),
  preset({
    name: 'lmetric',
    describe: 'The least product of tokens to compute and requests.',
    source: 'arXiv 2603.15202',
    differs: 'One is added to the requests, so that an idle instance does not win by zero alone.',
    scorers: [{ name: 'lmetric', weight: 1 }],
  }),
  preset({
    name: 'min-ttft',
    describe: 'The soonest first token, whatever it costs the others.',
    source: 'Mooncake, arXiv 2407.00079',
    differs: 'Caches are not pulled from other instances, and nothing is rejected early.',
    scorers: [{ name: 'latency', weight: 1 }],
  }),
  preset({
    name: 'llm-d-sticky',
    describe:
      'Only holders of the prompt unless they are much later, and of these the fewest tokens in flight.',
    source: 'llm-d/llm-d guides/optimized-baseline: prefix-cache-affinity-filter with token-load-scorer',
    differs: 'Waiting times are predicted where there is a predictor.',
    filters: [...STANDARD_FILTERS, 'prefix-affinity'],
    scorers: [{ name: 'token-load', weight: 1 }],
  }),
];
