/** How an instance's health is asked for. */

export interface HealthSettings {
  /** Without checks an instance is called healthy at once. The default is `true`. */
  readonly enabled: boolean;
  /** From the start of one check to the start of the next; the default is 5 s, ± 10 %. */
  readonly intervalMs: number;
  /** Between two checks until the first succeeds, so that a starting instance is found soon; the default is 500 ms. */
  readonly startIntervalMs: number;
  /** After which a check has failed; the default is 2 s. */
  readonly timeoutMs: number;
  /** Instead of the engine's own path. */
  readonly path?: string;
  /** Checks that must fail one after the other before a healthy instance is called unhealthy; the default is 2. */
  readonly unhealthyAfter: number;
  /** Checks that must succeed one after the other before an unhealthy instance is called healthy; the default is 1. */
  readonly healthyAfter: number;
}

export const DEFAULT_HEALTH_SETTINGS: HealthSettings = {
  enabled: true,
  intervalMs: 5000,
  startIntervalMs: 500,
  timeoutMs: 2000,
  unhealthyAfter: 2,
  healthyAfter: 1,
};
