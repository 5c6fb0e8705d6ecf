import { describe, expect, it } from 'vitest';
import { ENGINE_KINDS } from '../../domain/index.ts';
import {
  type EnginePages,
  LLAMACPP_PAGES,
  OPENAI_PAGES,
  SGLANG_PAGES,
  TGI_PAGES,
  TRITON_PAGES,
  TRTLLM_SERVE_PAGES,
  VLLM_PAGES,
} from '../__fixtures__/engines.ts';
import type { EngineListing } from '../adapter.ts';
import { createAnswers } from '../recognition/answers.ts';
import { ENGINE_ADAPTERS } from './index.ts';

/** What an engine with these pages would have answered. */
function answersOf(pages: EnginePages) {
  const outcomes = Object.entries(pages).map(([path, page]) => {
    const body = Buffer.from(typeof page === 'string' ? page : JSON.stringify(page));
    return [path, { ok: true, url: `http://engine${path}`, status: 200, body }] as const;
  });
  return createAnswers(new Map(outcomes));
}

const without = (pages: EnginePages, ...paths: string[]): EnginePages =>
  Object.fromEntries(Object.entries(pages).filter(([path]) => !paths.includes(path)));

const { vllm, sglang, llamacpp, tgi, 'tensorrt-llm': tensorrt, openai } = ENGINE_ADAPTERS;

describe('every adapter', () => {
  it.each(ENGINE_KINDS)('%s stands in the table under its own kind', (kind) => {
    expect(ENGINE_ADAPTERS[kind].kind).toBe(kind);
  });

  it.each(ENGINE_KINDS)('%s has a health page, signs, and a listing', (kind) => {
    const adapter = ENGINE_ADAPTERS[kind];
    expect(adapter.healthPaths.length).toBeGreaterThan(0);
    expect(adapter.signs.length).toBeGreaterThan(0);
    expect(adapter.listingPaths).toContain('/v1/models');
  });

  it.each(ENGINE_KINDS)('%s has paths that begin with a slash', (kind) => {
    const { healthPaths, metricsPaths, listingPaths, signs, statusPages } = ENGINE_ADAPTERS[kind];
    const paths = [
      healthPaths,
      metricsPaths,
      listingPaths,
      [...signs, ...statusPages].map(({ path }) => path),
    ];
    for (const path of paths.flat()) expect(path).toMatch(/^\/[\w/-]+$/);
  });

  it.each(ENGINE_KINDS)('%s lists nothing where nothing answered', (kind) => {
    const nothing = answersOf({});
    expect(ENGINE_ADAPTERS[kind].list(nothing)).toBeUndefined();
    expect(ENGINE_ADAPTERS[kind].version(nothing)).toBeUndefined();
  });

  const nonsense = [
    'null',
    '[]',
    '"text"',
    '17',
    '{"data":"none"}',
    '{"data":[null,1,"x",{}]}',
    '<html>',
    '{',
  ];
  it.each(ENGINE_KINDS)('%s does not trip over nonsense', (kind) => {
    const { listingPaths, list, version, signs, statusPages } = ENGINE_ADAPTERS[kind];
    for (const text of nonsense) {
      const paths = [...listingPaths, ...signs.map(({ path }) => path)];
      const answers = answersOf(Object.fromEntries(paths.map((path) => [path, text])));
      expect(list(answers)?.models ?? []).toEqual([]);
      expect(version(answers)).toBeUndefined();
      for (const page of statusPages) expect(page.read(text)).toEqual({});
    }
  });
});

describe('what each engine serves', () => {
  it.each<[string, (typeof ENGINE_ADAPTERS)['vllm'], EnginePages, EngineListing, string | undefined]>([
    [
      'vLLM: adapters are the entries with a parent',
      vllm,
      VLLM_PAGES,
      { models: ['llama-3.1-8b'], adapters: ['sql-lora', 'chat-lora'], maxContextTokens: 131_072 },
      '0.11.0',
    ],
    [
      'SGLang',
      sglang,
      SGLANG_PAGES,
      { models: ['qwen3-8b'], adapters: [], maxContextTokens: 40_960 },
      '0.5.3',
    ],
    [
      'SGLang without a model list: its server info names the model',
      sglang,
      without(SGLANG_PAGES, '/v1/models'),
      { models: ['qwen3-8b'], adapters: [], maxContextTokens: 40_960 },
      '0.5.3',
    ],
    [
      'SGLang before 0.5: server info under its old name',
      sglang,
      { '/get_server_info': { model_path: 'meta/llama', tokenizer_path: 'meta/llama', version: '0.4.6' } },
      { models: ['meta/llama'], adapters: [] },
      '0.4.6',
    ],
    [
      'llama.cpp: only adapters that are applied, by their file’s name',
      llamacpp,
      LLAMACPP_PAGES,
      { models: ['qwen3-4b'], adapters: ['poet'], maxContextTokens: 8192 },
      'b6730-e60f01d9',
    ],
    [
      'llama.cpp with --no-props: only its models',
      llamacpp,
      without(LLAMACPP_PAGES, '/props', '/lora-adapters'),
      { models: ['qwen3-4b'], adapters: [] },
      undefined,
    ],
    [
      'TGI',
      tgi,
      TGI_PAGES,
      { models: ['bigscience/bloom-560m'], adapters: [], maxContextTokens: 2048 },
      '3.3.4',
    ],
    [
      'TGI before 2.2: its info page names the model',
      tgi,
      without(TGI_PAGES, '/v1/models'),
      { models: ['bigscience/bloom-560m'], adapters: [], maxContextTokens: 2048 },
      '3.3.4',
    ],
    ['TensorRT-LLM', tensorrt, TRTLLM_SERVE_PAGES, { models: ['llama-8b'], adapters: [] }, '1.1.0'],
    ['Triton', tensorrt, TRITON_PAGES, { models: ['ensemble'], adapters: [] }, '2.61.0'],
    ['any other', openai, OPENAI_PAGES, { models: ['gpt-oss-20b', 'nomic-embed'], adapters: [] }, undefined],
  ])('%s', (_title, adapter, pages, listing, version) => {
    expect(adapter.list(answersOf(pages))).toEqual(listing);
    expect(adapter.version(answersOf(pages))).toBe(version);
  });
});

describe('llama.cpp’s slots', () => {
  const { read } = llamacpp.statusPages[0]!;
  const slot = (isBusy: boolean, contextTokens: number) => ({ n_ctx: contextTokens, is_processing: isBusy });

  it.each([
    ['none busy', [slot(false, 4096), slot(false, 4096)], { runningRequests: 0, kvCacheUsage: 0 }],
    ['all busy', [slot(true, 4096), slot(true, 4096)], { runningRequests: 2, kvCacheUsage: 1 }],
    ['of unequal size', [slot(true, 6000), slot(false, 2000)], { runningRequests: 1, kvCacheUsage: 0.75 }],
    [
      'of unknown size',
      [{ is_processing: true }, { is_processing: false }],
      { runningRequests: 1, kvCacheUsage: 0.5 },
    ],
    ['that say nothing', [{ id: 0 }], {}],
    ['that are none', [], {}],
  ])('%s', (_title, slots, expected) => {
    expect(read(slots)).toEqual(expected);
  });
});

describe('llama.cpp’s adapters', () => {
  it.each([
    [[{ path: 'C:\\lora\\poet.GGUF', scale: 0.5 }], ['poet']],
    [[{ path: 'plain', scale: 1 }], ['plain']],
    [[{ path: '/a/x.gguf', scale: 0 }], []],
    [[{ path: '/a/x.gguf' }], []],
    [[{ path: '', scale: 1 }, null, 'x'], []],
    [{ error: 'no' }, []],
  ])('%j', (listed, adapters) => {
    const pages = { ...LLAMACPP_PAGES, '/lora-adapters': listed };
    expect(llamacpp.list(answersOf(pages))?.adapters).toEqual(adapters);
  });
});
