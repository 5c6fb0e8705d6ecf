/** What can be set of the task queue. */

import type { RequestPriority } from '../domain/index.ts';
import type { PortRange } from './instances/address-check.ts';
import type { PruneLimits } from './store/task-store.ts';
import { type ConfiguredStrategy, DEFAULT_STRATEGY } from './strategies/index.ts';

export interface TaskSettings {
  /** Built-in, or somebody's own. Until another one is set through the API, which is stored and holds until this one changes. */
  readonly strategy: ConfiguredStrategy;
  /** Tasks that one task instance may have at a time from this process. */
  readonly maxInFlightPerInstance: number;
  /** The share of an engine's window that tasks may fill; the rest is kept free for interactive requests. */
  readonly maxInstanceShare: number;
  /** What a task gets that says nothing else. */
  readonly defaults: {
    readonly priority: RequestPriority;
    readonly maxRetries: number;
    readonly timeoutMs: number;
    readonly keepResultMs: number;
  };
  /** The highest class in which tasks stand in line with interactive requests. */
  readonly maxPriority: RequestPriority;
  readonly retryBackoff: { readonly baseMs: number; readonly maxMs: number };
  readonly maxResultBytes: number;
  /** How long a task instance may take to take a task. */
  readonly submitTimeoutMs: number;
  readonly instanceCheckIntervalMs: number;
  /** Unreachable for so long, a task instance has lost its tasks. */
  readonly instanceLostAfterMs: number;
  readonly heartbeatMs: number;
  readonly retention: PruneLimits & { readonly intervalMs: number };
  readonly registration: {
    readonly allowedCidrs: readonly string[];
    readonly allowedPorts: readonly PortRange[];
    readonly timeoutMs: number;
  };
  readonly webhooks: WebhookSettings;
  /** Bytes of a body that make a token, for the estimate of a prompt's length. */
  readonly bytesPerToken: number;
}

export interface WebhookSettings {
  /** Without one, calls carry no signature. */
  readonly secret?: string;
  readonly timeoutMs: number;
  readonly maxTries: number;
  readonly retryBackoff: { readonly baseMs: number; readonly maxMs: number };
  readonly maxConcurrency: number;
  /** Ranges that may be called besides the public internet. */
  readonly allowedCidrs: readonly string[];
  readonly allowsPublic: boolean;
  readonly allowedPorts: readonly PortRange[];
}

export const DEFAULT_REGISTRATION_CIDRS: readonly string[] = [
  '127.0.0.0/8',
  '::1/128',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  'fc00::/7',
];

export const DEFAULT_TASK_SETTINGS: TaskSettings = {
  strategy: DEFAULT_STRATEGY,
  maxInFlightPerInstance: 32,
  maxInstanceShare: 0.8,
  defaults: {
    priority: 'BACKGROUND',
    maxRetries: 3,
    timeoutMs: 3_600_000,
    keepResultMs: 7 * 86_400_000,
  },
  maxPriority: 'LOW',
  retryBackoff: { baseMs: 1_000, maxMs: 60_000 },
  maxResultBytes: 32 * 1024 * 1024,
  submitTimeoutMs: 30_000,
  instanceCheckIntervalMs: 5_000,
  instanceLostAfterMs: 30_000,
  heartbeatMs: 15_000,
  retention: {
    maxFinishedTasks: 1_000_000,
    maxFinishedAgeMs: 30 * 86_400_000,
    batch: 1_000,
    intervalMs: 60_000,
  },
  registration: {
    allowedCidrs: DEFAULT_REGISTRATION_CIDRS,
    allowedPorts: [{ from: 1_024, to: 65_535 }],
    timeoutMs: 5_000,
  },
  webhooks: {
    timeoutMs: 10_000,
    maxTries: 12,
    retryBackoff: { baseMs: 5_000, maxMs: 3_600_000 },
    maxConcurrency: 16,
    allowedCidrs: [],
    allowsPublic: true,
    allowedPorts: [{ from: 1, to: 65_535 }],
  },
  bytesPerToken: 4,
};
