/** Loads llama.cpp into this process: node-llama-cpp, an optional package, pinned to its prebuilt CPU binary. */

import type * as NodeLlamaCpp from 'node-llama-cpp';

export type LlamaModule = typeof NodeLlamaCpp;

export interface LlamaBinding {
  readonly module: LlamaModule;
  readonly llama: NodeLlamaCpp.Llama;
  /** Runs `action` and hands its failure to `describe` together with the errors that llama.cpp logged meanwhile. */
  explain<T>(
    action: () => Promise<T>,
    describe: (thrown: unknown, errorLines: string[]) => Error,
  ): Promise<T>;
}

/** Why a model cannot be served here, in words for the person who started it. */
export class GgufLoadError extends Error {
  override readonly name = 'GgufLoadError';
}

const INSTALL_HINT =
  'Serving a GGUF file needs the optional package node-llama-cpp, which is not installed. ' +
  'Install it next to signalbox: npm install node-llama-cpp@^3.21.0';

let shared: Promise<LlamaBinding> | undefined;

/** llama.cpp keeps state per process, so all engines share one binding; it lives until the process ends. */
export function loadLlamaBinding(): Promise<LlamaBinding> {
  shared ??= load(() => import('node-llama-cpp')).catch((thrown: unknown) => {
    shared = undefined;
    throw thrown;
  });
  return shared;
}

/** @param importModule how to import node-llama-cpp */
export async function load(importModule: () => Promise<LlamaModule>): Promise<LlamaBinding> {
  const module = await importModule().catch((thrown: unknown) => {
    if (isMissingPackage(thrown)) throw new GgufLoadError(INSTALL_HINT, { cause: thrown });
    throw cannotLoad(thrown);
  });
  const errorLines: string[] = [];
  const llama = await module
    .getLlama({
      gpu: false,
      build: 'never',
      skipDownload: true,
      progressLogs: false,
      // Each context says how many threads it wants; a limit here would split them between contexts.
      maxThreads: 0,
      logLevel: module.LlamaLogLevel.error,
      logger: (_level, message) => {
        errorLines.push(message.trim());
        if (errorLines.length > 100) errorLines.shift();
      },
    })
    .catch((thrown: unknown) => {
      throw cannotLoad(thrown);
    });
  return {
    module,
    llama,
    async explain(action, describe) {
      errorLines.length = 0;
      try {
        return await action();
      } catch (thrown) {
        // llama.cpp's log lines arrive on a later turn of the event loop than the failure that they explain.
        await new Promise((resolve) => setTimeout(resolve, 10));
        throw describe(thrown, [...errorLines]);
      }
    },
  };
}

function isMissingPackage(thrown: unknown): boolean {
  const error = thrown as NodeJS.ErrnoException;
  return error?.code === 'ERR_MODULE_NOT_FOUND' && error.message.includes("'node-llama-cpp'");
}

function cannotLoad(thrown: unknown): GgufLoadError {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new GgufLoadError(
    `llama.cpp's prebuilt CPU library for ${process.platform}-${process.arch} cannot be loaded: ${reason}`,
    { cause: thrown },
  );
}
