/** The task queue's section: one storage, secrets, and limits that fit together. */

import type { TaskStoreConfig, TasksConfig } from './config.ts';
import type { Resolution } from './resolution.ts';
import type { ConfigFile } from './schema/config-file.ts';

/** Relative to the configuration, or to the working directory without one. */
export const DEFAULT_TASK_DIRECTORY = 'signalbox-tasks';

export function resolveTasks({ tasks }: ConfigFile, resolution: Resolution): TasksConfig {
  const { store: _store, webhooks, ...rest } = tasks;
  const { secret: _secret, secret_env: _env, secret_file: _file, ...told } = webhooks;
  const secret = resolution.secret(webhooks, 'secret', ['tasks', 'webhooks']);
  return {
    ...rest,
    store: resolveStore(tasks.store, resolution),
    webhooks: { ...told, ...(secret !== undefined && { secret }) },
  };
}

function resolveStore(store: ConfigFile['tasks']['store'], resolution: Resolution): TaskStoreConfig {
  const path = ['tasks', 'store'];
  if (store === undefined) return { type: 'directory', directory: DEFAULT_TASK_DIRECTORY, isDefault: true };
  const { directory, memory } = store;
  const hasUrl = [store.url, store.url_env, store.url_file].some((given) => given !== undefined);
  const given = [
    ...(hasUrl ? ['url'] : []),
    ...(directory === undefined ? [] : ['directory']),
    ...(memory ? ['memory'] : []),
  ];
  if (given.length > 1) {
    const message = `tasks.store has ${given.join(' and ')}; one of them is allowed`;
    resolution.mistake({
      path,
      message,
      found: given.join(', '),
      allowed: 'one of url, directory, memory: true',
    });
  }
  const url = hasUrl ? resolution.secret(store, 'url', path) : undefined;
  if (url !== undefined && !/^postgres(ql)?:\/\//.test(url.reveal())) {
    resolution.mistake({
      path: [...path, 'url'],
      message: 'tasks.store.url must begin with postgres:// or postgresql://',
      allowed: 'an address such as postgres://user@host/database',
    });
  }
  if (url !== undefined) return { type: 'postgres', url };
  if (memory) return { type: 'memory' };
  return { type: 'directory', directory: directory ?? DEFAULT_TASK_DIRECTORY, isDefault: false };
}
