/** Opens a GGUF file, or says in words what is wrong with it. */

import { open, stat } from 'node:fs/promises';
import type { LlamaModel } from 'node-llama-cpp';
import { GgufLoadError, type LlamaBinding } from './llama-binding.ts';

const MAGIC = 'GGUF';
/** How llama.cpp words what it finds in a file that ends too early. */
const INCOMPLETE = /not within the file bounds|failed to read (?:key-value pairs|tensor)/;

/** @param sizeBytes from `checkFile` */
export function loadModelFile(binding: LlamaBinding, file: string, sizeBytes: number): Promise<LlamaModel> {
  return binding.explain(
    () => binding.llama.loadModel({ modelPath: file, gpuLayers: 0 }),
    (thrown, errorLines) => {
      const reason = describeFailure(thrown, errorLines);
      const hint = INCOMPLETE.test(reason)
        ? ` Is the download complete? The file has ${sizeBytes} bytes.`
        : '';
      return new GgufLoadError(`llama.cpp cannot load the model file ${file}: ${reason}.${hint}`, {
        cause: thrown,
      });
    },
  );
}

/** Refuses what is no GGUF file, before llama.cpp is even loaded; returns its size in bytes. */
export async function checkFile(file: string): Promise<number> {
  const info = await stat(file).catch((thrown: NodeJS.ErrnoException) => {
    if (thrown.code === 'ENOENT') throw new GgufLoadError(`There is no model file at ${file}.`);
    throw new GgufLoadError(`The model file ${file} cannot be read: ${thrown.message}`, { cause: thrown });
  });
  if (info.isDirectory()) {
    throw new GgufLoadError(`${file} is a directory; name one .gguf file (of a split model the first part).`);
  }
  const magic = await firstBytes(file, MAGIC.length);
  if (magic !== MAGIC) {
    const found = JSON.stringify(magic);
    throw new GgufLoadError(`${file} is not a GGUF model: it begins with ${found} instead of "${MAGIC}".`);
  }
  return info.size;
}

async function firstBytes(file: string, count: number): Promise<string> {
  const handle = await open(file).catch((thrown: NodeJS.ErrnoException) => {
    throw new GgufLoadError(`The model file ${file} cannot be read: ${thrown.message}`, { cause: thrown });
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(count), 0, count, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** What llama.cpp logged about a failure, or else the failure's own message. */
export function describeFailure(thrown: unknown, errorLines: readonly string[]): string {
  const lines = errorLines
    .map(withoutFunctionName)
    .filter((line) => !line.startsWith('failed to load model'));
  return lines.length > 0 ? [...new Set(lines)].join('; ') : messageOf(thrown);
}

/** `llama_model_load: error loading model: …` begins with names that mean nothing to a user. */
function withoutFunctionName(line: string): string {
  return line.replace(/^(?:\w+: )+/, '').replace(/^(?:error loading model: |llama_model_loader: )+/, '');
}

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
