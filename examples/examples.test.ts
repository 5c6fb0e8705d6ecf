import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../src/config/index.ts';

const folder = new URL('./', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

/** What the examples take from the environment. */
const env = { LLAMA_KEY: 'key', CONTROL_TOKEN: 'token', PROVIDER_KEY: 'key' };

function load(file: string) {
  return loadConfig(new URL(file, folder).pathname, { env });
}

describe('the examples', () => {
  it('are there for each kind of fleet', () => {
    expect(files).toEqual(
      expect.arrayContaining(['llamacpp.yaml', 'mixed.yaml', 'sglang.yaml', 'simulated.yaml', 'vllm.yaml']),
    );
  });

  describe.each(files)('%s', (file) => {
    const text = readFileSync(new URL(file, folder), 'utf8');

    it('is valid, without a warning', () => {
      expect(load(file)).toMatchObject({ ok: true, warnings: [] });
    });

    it('names the schema for editors, and the command that starts it', () => {
      expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=../signalbox.schema.json');
      expect(text).toContain(`signalbox up -c examples/${file}`);
    });

    it('has instances, and says in comments what it shows', () => {
      const result = load(file);
      expect(result.ok && result.config.instances.length).toBeGreaterThan(0);
      expect(text.match(/^\s*# /gm)?.length).toBeGreaterThan(3);
    });
  });

  it.each([
    ['vllm.yaml', ['vllm']],
    ['sglang.yaml', ['sglang']],
    ['llamacpp.yaml', ['llamacpp']],
    ['mixed.yaml', ['openai', 'sglang', 'tensorrt-llm', 'tgi', 'vllm']],
    ['simulated.yaml', []],
  ])('%s is about what its name says', (file, engines) => {
    const result = load(file);
    const instances = result.ok ? result.config.instances : [];
    const remote = instances.filter((instance) => instance.kind === 'remote');
    expect([...new Set(remote.map(({ engine }) => engine))].sort()).toEqual(engines);
  });

  it('say so when a secret is not there', () => {
    const result = loadConfig(new URL('mixed.yaml', folder).pathname, { env: { CONTROL_TOKEN: 't' } });
    expect(result).toMatchObject({ ok: false, problems: [{ path: 'instances[4].apiKey_env' }] });
  });
});
