/** The dialects by name. Adding one is a file like its neighbours and a line here. */

import type { Dialect, DialectName } from './dialect.ts';
import { llamacppDialect } from './llamacpp.ts';
import { sglangDialect } from './sglang.ts';
import { vllmDialect } from './vllm.ts';

export const DIALECTS: Readonly<Record<DialectName, Dialect>> = {
  vllm: vllmDialect,
  sglang: sglangDialect,
  llamacpp: llamacppDialect,
};
