/** All engines that Signalbox knows, by kind. */

import type { EngineKind } from '../../domain/index.ts';
import type { EngineAdapter } from '../adapter.ts';
import { LLAMACPP } from './llamacpp.ts';
import { OPENAI } from './openai.ts';
import { SGLANG } from './sglang.ts';
import { TENSORRT_LLM } from './tensorrt-llm.ts';
import { TGI } from './tgi.ts';
import { VLLM } from './vllm.ts';

export const ENGINE_ADAPTERS: Readonly<Record<EngineKind, EngineAdapter>> = {
  vllm: VLLM,
  sglang: SGLANG,
  llamacpp: LLAMACPP,
  tgi: TGI,
  'tensorrt-llm': TENSORRT_LLM,
  openai: OPENAI,
};
