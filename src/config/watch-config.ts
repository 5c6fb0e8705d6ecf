/** Watches a configuration file: a look each second, since file notifications fail on bind mounts and ConfigMaps. */

import type { Config } from './config.ts';
import { ConfigReloader, type ReloadHandlers } from './config-reloader.ts';
import type { LoadOptions } from './load-config.ts';
import type { ParseResult } from './parse-config.ts';

export interface WatchOptions extends ReloadHandlers, LoadOptions {
  /** What was loaded from the file at the start. */
  readonly initial: Config;
  /** Milliseconds between two looks; a change is taken over after two that saw the same. */
  readonly pollMs?: number;
}

export interface ConfigWatcher {
  readonly current: Config;
  /** Reads the file now, changed or not; the handlers are told as well. */
  reload(): Promise<ParseResult>;
  /** Stops looking; resolves when no look is under way. */
  close(): Promise<void>;
}

const DEFAULT_POLL_MS = 1_000;

export async function watchConfig(path: string, options: WatchOptions): Promise<ConfigWatcher> {
  const { initial, pollMs = DEFAULT_POLL_MS, onChange, onError, ...load } = options;
  const reloader = await ConfigReloader.start(path, initial, { onChange, onError }, load);
  // Looks and reloads queue up behind each other, so that two never read at once.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const turn = last.then(work, work);
    last = turn;
    return turn;
  };
  let isClosed = false;
  let timer: NodeJS.Timeout;
  const lookLater = (): void => {
    timer = setTimeout(() => {
      void inTurn(() => reloader.poll()).finally(() => {
        if (!isClosed) lookLater();
      });
    }, pollMs);
    timer.unref();
  };
  lookLater();
  return {
    get current() {
      return reloader.current;
    },
    reload: () => inTurn(() => reloader.reload()),
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await last.catch(() => undefined);
    },
  };
}
