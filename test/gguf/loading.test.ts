/** Opening a model file: each thing that can be wrong with it is said in words. */

import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openGgufEngine } from '../../src/engines/gguf/index.ts';
import { load } from '../../src/engines/gguf/llama-binding.ts';
import { complete, openTinyEngine, reasonToSkip, temporaryFile } from './fixture.ts';
import { tinyGguf } from './tiny-gguf.ts';

const skip = (await reasonToSkip()) !== undefined;

async function failureOf(content: Uint8Array | string): Promise<string> {
  const file = await temporaryFile('broken.gguf', content);
  return messageOf(file);
}

async function messageOf(file: string): Promise<string> {
  const failure = await openGgufEngine({ file }).then(
    () => undefined,
    (thrown: Error) => thrown,
  );
  expect(failure?.name).toBe('GgufLoadError');
  return failure!.message;
}

describe.skipIf(skip)('a model file that cannot be served', () => {
  it('is missing', async () => {
    expect(await messageOf('/no/such/model.gguf')).toBe('There is no model file at /no/such/model.gguf.');
  });

  it('is a directory', async () => {
    const directory = dirname(await temporaryFile('x', ''));
    expect(await messageOf(directory)).toContain(`${directory} is a directory; name one .gguf file`);
  });

  it('is something else than GGUF', async () => {
    expect(await failureOf('PK\u0003\u0004 a zip file')).toContain(
      'is not a GGUF model: it begins with "PK\\u0003\\u0004" instead of "GGUF"',
    );
    expect(await failureOf('')).toContain('is not a GGUF model: it begins with "" instead of "GGUF"');
  });

  it('ends among its weights', async () => {
    const model = tinyGguf();
    const message = await failureOf(model.subarray(0, model.length - 1000));
    expect(message).toContain("tensor 'output.weight' data is not within the file bounds");
    expect(message).toContain(`Is the download complete? The file has ${model.length - 1000} bytes.`);
  });

  it('ends in its head', async () => {
    const message = await failureOf(tinyGguf().subarray(0, 3000));
    expect(message).toMatch(/cannot load the model file .*broken\.gguf: .*The file has 3000 bytes\./);
  });

  it('has an architecture that llama.cpp does not know', async () => {
    const model = Buffer.from(tinyGguf());
    model.write('lalal', model.indexOf('general.architecture') + 'general.architecture'.length + 12);
    expect(await failureOf(model)).toMatch(/unknown model architecture: 'lalal'/);
  });

  it('does not keep a good one from being served afterwards', async () => {
    await failureOf(tinyGguf().subarray(0, 3000));
    expect((await complete(await openTinyEngine(), { maxTokens: 3 })).end.completionTokens).toBe(3);
  });
});

describe.skipIf(skip)('choices that cannot be met', () => {
  it('are named with what was found and what is allowed', async () => {
    const file = await temporaryFile('tiny.gguf', tinyGguf());
    const opening = (options: object): Promise<unknown> => openGgufEngine({ file, ...options });
    await expect(opening({ sequences: 0 })).rejects.toThrow(
      'sequences is 0; it must be a whole number of at least 1.',
    );
    await expect(opening({ threads: 1.5 })).rejects.toThrow('threads is 1.5');
    await expect(opening({ contextTokens: -1 })).rejects.toThrow('contextTokens is -1');
    await expect(opening({ contextTokens: 513 })).rejects.toThrow(
      'contextTokens is 513; the model was trained for at most 512.',
    );
  });

  it('say how much was asked for when llama.cpp cannot hold it', async () => {
    const file = await temporaryFile('tiny.gguf', tinyGguf());
    await expect(openGgufEngine({ file, sequences: 300 })).rejects.toThrow(
      'llama.cpp cannot make room for 300 sequences of 512 tokens: ' +
        'failed to initialize the context: n_seq_max must be <= 256. ' +
        'Fewer sequences or a smaller context need less memory.',
    );
  });
});

describe('without node-llama-cpp', () => {
  it('says how to install it', async () => {
    const source = await readFile(new URL('../../src/engines/gguf/llama-binding.ts', import.meta.url));
    const copy = await temporaryFile('llama-binding.ts', source);
    const script = `const { loadLlamaBinding } = await import(${JSON.stringify(copy)});
      await loadLlamaBinding().catch((error) => console.log(error.name + ': ' + error.message));`;
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      cwd: join(copy, '..'),
    });
    expect(stdout.trim()).toBe(
      'GgufLoadError: Serving a GGUF file needs the optional package node-llama-cpp, which is not installed. ' +
        'Install it next to signalbox: npm install node-llama-cpp@^3.21.0',
    );
  });

  it('names the platform when the package is there and its library is not', async () => {
    const noBinary = async (): Promise<never> => {
      throw new Error('no prebuilt binary');
    };
    await expect(load(noBinary)).rejects.toThrow(
      `llama.cpp's prebuilt CPU library for ${process.platform}-${process.arch} cannot be loaded: no prebuilt binary`,
    );
  });
});
