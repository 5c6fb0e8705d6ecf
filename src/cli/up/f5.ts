/** The select API beside the gateway, when the configuration asks for it. */

import type { Config } from '../../config/index.ts';
import { type LoadedFile, loadF5File, readF5Settings } from '../../discovery/f5/index.ts';
import { createF5Sideband, type F5Sideband } from '../../sideband/index.ts';
import type { AppLog } from '../../telemetry/index.ts';
import { StartError } from './start-error.ts';

/** @param pathOf the absolute path of a file that the configuration names */
export async function openF5(
  config: Config,
  log: AppLog,
  pathOf: (file: string) => string,
): Promise<F5Sideband | undefined> {
  const { f5 } = config;
  if (f5 === undefined) return undefined;
  const path = f5.file === undefined ? undefined : pathOf(f5.file);
  const loaded = await load(f5.settings, path);
  const f5Log = log.component('f5');
  for (const warning of loaded.warnings) f5Log.warn(warning);
  return createF5Sideband({
    loaded,
    log: f5Log,
    onLogLevel: (level) => log.setLevel(level),
    ...(path !== undefined && { path }),
    ...(f5.listener === 'control' && { listener: 'none' as const }),
  });
}

async function load(
  settings: NonNullable<Config['f5']>['settings'],
  path: string | undefined,
): Promise<LoadedFile> {
  try {
    // JSON is YAML: what is written here meets the same checks as the file.
    return path === undefined ? readF5Settings(JSON.stringify(settings)) : await loadF5File(path);
  } catch (error) {
    throw new StartError(`f5: ${error instanceof Error ? error.message : String(error)}`);
  }
}
