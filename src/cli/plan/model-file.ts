/** Finds a model's `config.json`: a file, a folder, or by its name what Hugging Face's cache on this machine holds. */

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { SignalboxError } from '../../domain/errors.ts';
import { type ModelInfo, modelInfoFromHuggingFace } from '../../pipeline/index.ts';
import { PlanError } from './plan-error.ts';

/** @throws {PlanError} */
export function readModel(wanted: string, env: Readonly<Record<string, string | undefined>>): ModelInfo {
  const path = findConfig(wanted, env);
  try {
    const config: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof config !== 'object' || config === null || Array.isArray(config)) {
      throw new PlanError(`${path}: found no JSON object; a model's config.json is wanted`);
    }
    return modelInfoFromHuggingFace(config as Readonly<Record<string, unknown>>, {
      name: nameFor(wanted, path),
    });
  } catch (error) {
    if (error instanceof SyntaxError) throw new PlanError(`${path} is not valid JSON: ${error.message}`);
    if (error instanceof SignalboxError) throw new PlanError(`${path}: ${error.message}`);
    throw error;
  }
}

function findConfig(wanted: string, env: Readonly<Record<string, string | undefined>>): string {
  if (existsSync(wanted)) return statSync(wanted).isDirectory() ? join(wanted, 'config.json') : wanted;
  const cache = env.HF_HUB_CACHE ?? join(env.HF_HOME ?? join(homedir(), '.cache/huggingface'), 'hub');
  const snapshots = join(cache, `models--${wanted.replaceAll('/', '--')}`, 'snapshots');
  const found = existsSync(snapshots)
    ? readdirSync(snapshots)
        .map((snapshot) => join(snapshots, snapshot, 'config.json'))
        .filter((path) => existsSync(path))
    : [];
  if (found[0] === undefined) {
    throw new PlanError(
      `--model: found "${wanted}", which is no file, and no model of that name is in ${cache}; allowed is a model's config.json, its folder, or a name as in Qwen/Qwen3-32B that was downloaded before`,
    );
  }
  return found[0];
}

function nameFor(wanted: string, path: string): string {
  if (!existsSync(wanted)) return wanted;
  return basename(path) === 'config.json' ? basename(dirname(path)) : basename(path, '.json');
}
