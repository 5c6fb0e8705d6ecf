/** Runs the house until it is told to stop: signals, and changes of the configuration file. */

import { dirname, resolve } from 'node:path';
import type { ReloadResult } from '../../admin/index.ts';
import { type ConfigProblem, type ConfigWatcher, formatProblem, watchConfig } from '../../config/index.ts';
import { type App, startApp } from './app.ts';
import type { BannerFacts } from './banner.ts';
import type { Loaded } from './load.ts';

type Start = Extract<Loaded, { ok: true }>;

/** How long the banner waits for engines to be recognised; they may come later, too. */
const RECOGNITION_MS = 1_500;
/** And then for the first of them to be found healthy: who pastes the printed call should not be the one to wait. */
const READINESS_MS = 500;
const READINESS_LOOK_MS = 10;

export async function runUntilSignal(start: Start, onStarted: (facts: BannerFacts) => void): Promise<void> {
  let watcher: ConfigWatcher | undefined;
  const { file } = start;
  const hooks =
    file === undefined ? {} : { directory: dirname(resolve(file)), reload: () => reload(watcher, file) };
  const app = await startApp(start.config, hooks);
  watcher = await watch(app, start);
  stopOnSignal(app, watcher);
  process.on('SIGHUP', () => {
    if (watcher !== undefined) void watcher.reload();
    else app.log.component('config').warn('SIGHUP: there is no configuration file to read again');
  });
  await Promise.race([app.fleet.lookedAt(), sleep(RECOGNITION_MS)]);
  if (app.fleet.describe().length > 0) await untilReady(app);
  const { config, dataUrl, selectUrl, controlUrl, fleet } = app;
  const startedInMs = performance.now();
  const instances = fleet.describe();
  const tasks = app.tasks?.durability;
  onStarted({ config, dataUrl, selectUrl, controlUrl, tasks, instances, startedInMs });
}

function watch(app: App, { file, config, options }: Start): Promise<ConfigWatcher | undefined> {
  if (file === undefined || !config.reload.enabled) return Promise.resolve(undefined);
  const log = app.log.component('config');
  const report = (problems: readonly ConfigProblem[]): void => {
    app.telemetry.onConfigLoad(false);
    const lines = problems.map((problem) => formatProblem(problem, file));
    log.error({ problems: lines }, 'the changed configuration is not valid; the one before stays in force');
  };
  return watchConfig(file, {
    ...options,
    initial: config,
    pollMs: config.reload.pollMs,
    onChange(next, { changed, needsRestart }) {
      app.apply(next).then(
        () => {
          app.telemetry.onConfigLoad(true);
          log.info({ changed }, 'configuration changed');
          if (needsRestart.length > 0)
            log.warn({ needsRestart }, 'these changes come into force at the next start');
        },
        (error: unknown) => {
          app.telemetry.onConfigLoad(false);
          log.error({ err: error }, 'the changed configuration could not be taken over');
        },
      );
    },
    onError: report,
  });
}

async function reload(watcher: ConfigWatcher | undefined, file: string): Promise<ReloadResult> {
  if (watcher === undefined) return { isApplied: false, problems: ['reload.enabled is false'] };
  const result = await watcher.reload();
  if (result.ok) return { isApplied: true, problems: [] };
  return { isApplied: false, problems: result.problems.map((problem) => formatProblem(problem, file)) };
}

/** The first signal lets requests in flight finish, the second does not. */
function stopOnSignal(app: App, watcher: ConfigWatcher | undefined): void {
  let isStopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (isStopping) process.exit(130);
    isStopping = true;
    app.log.logger.info({ signal, graceMs: app.config.shutdown.graceMs }, 'stopping');
    const closed = Promise.all([watcher?.close(), app.close()]);
    closed.then(
      () => process.exit(0),
      (error: unknown) => {
        app.log.logger.error({ err: error }, 'did not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop).on('SIGINT', stop);
}

async function untilReady(app: App): Promise<void> {
  const endMs = performance.now() + READINESS_MS;
  while (!app.isReady() && performance.now() < endMs) await sleep(READINESS_LOOK_MS);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
