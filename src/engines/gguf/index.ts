/** Serves a GGUF file with llama.cpp: the engine behind `signalbox engine --gguf`. */

import { basename } from 'node:path';
import type { LlamaContext, LlamaModel } from 'node-llama-cpp';
import { Embedder } from './embedder.ts';
import { GgufEngine } from './gguf-engine.ts';
import { GgufLoadError, type LlamaBinding, loadLlamaBinding } from './llama-binding.ts';
import { checkFile, describeFailure, loadModelFile } from './model-file.ts';
import { DEFAULT_MOST_CONTEXT_TOKENS, DEFAULT_SEQUENCES, type GgufEngineOptions } from './options.ts';
import { createPromptTokenizer } from './prompt-tokens.ts';
import { defaultThreads } from './threads.ts';

export type { GgufEngine } from './gguf-engine.ts';
export { GgufLoadError } from './llama-binding.ts';
export type { GgufEngineOptions } from './options.ts';

/** Loads the model; rejects with a `GgufLoadError` that says what is missing or wrong. */
export async function openGgufEngine(options: GgufEngineOptions): Promise<GgufEngine> {
  refuseBadNumbers(options);
  const sizeBytes = await checkFile(options.file);
  const binding = await loadLlamaBinding();
  const model = await loadModelFile(binding, options.file, sizeBytes);
  const threads = options.threads ?? defaultThreads(binding.llama.cpuMathCores);
  try {
    const wanted = wantedContextTokens(options, model.trainContextSize);
    const context = canGenerate(model)
      ? await createContext(binding, model, { options, threads, contextTokens: wanted })
      : undefined;
    const maxModelTokens = context?.contextSize ?? wanted;
    return new GgufEngine({
      modelName: options.modelName ?? basename(options.file, '.gguf'),
      model,
      context,
      maxModelTokens,
      threads,
      embedder: new Embedder(model, { contextTokens: maxModelTokens, threads }),
      tokenizePrompt: createPromptTokenizer(binding.module, model),
    });
  } catch (thrown) {
    await model.dispose();
    throw thrown;
  }
}

/** A model whose attention looks both ways (BERT and its kin) makes embeddings and no text. */
function canGenerate(model: LlamaModel): boolean {
  const looksBothWays = model.fileInfo.architectureMetadata.attention?.causal === false;
  return model.fileInsights.hasDecoder && !looksBothWays;
}

interface ContextWish {
  readonly options: GgufEngineOptions;
  readonly threads: number;
  readonly contextTokens: number;
}

function createContext(binding: LlamaBinding, model: LlamaModel, wish: ContextWish): Promise<LlamaContext> {
  const sequences = wish.options.sequences ?? DEFAULT_SEQUENCES;
  const size = `${sequences} sequences of ${wish.contextTokens} tokens`;
  return binding.explain(
    () =>
      model.createContext({
        sequences,
        contextSize: wish.contextTokens,
        threads: wish.threads,
        failedCreationRemedy: false,
      }),
    (thrown, errorLines) => {
      const reason = describeFailure(thrown, errorLines);
      const advice = 'Fewer sequences or a smaller context need less memory.';
      return new GgufLoadError(`llama.cpp cannot make room for ${size}: ${reason}. ${advice}`, {
        cause: thrown,
      });
    },
  );
}

/** More than the model was trained for would give nonsense, and would cost memory before anything else could say so. */
function wantedContextTokens({ contextTokens }: GgufEngineOptions, trained: number): number {
  if (contextTokens === undefined) return Math.min(trained, DEFAULT_MOST_CONTEXT_TOKENS);
  if (contextTokens <= trained) return contextTokens;
  throw new GgufLoadError(`contextTokens is ${contextTokens}; the model was trained for at most ${trained}.`);
}

function refuseBadNumbers(options: GgufEngineOptions): void {
  for (const name of ['sequences', 'contextTokens', 'threads'] as const) {
    const value = options[name];
    if (value === undefined || (Number.isInteger(value) && value >= 1)) continue;
    throw new GgufLoadError(`${name} is ${value}; it must be a whole number of at least 1.`);
  }
}
