/** What the process itself costs: CPU, memory, garbage collection, file descriptors, and how late the event loop runs. */

import { performance } from 'node:perf_hooks';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { MetricStore } from './metric-store.ts';

/** How often the lag of the event loop is sampled, milliseconds. */
const SAMPLE_INTERVAL_MS = 100;

/** prom-client's default metrics under our prefix, as text. */
export function createProcessMetrics(): { text(): Promise<string> } {
  const registry = new Registry();
  // The precision is that of a timer behind metrics that are removed below; it wakes the process up, so: rarely.
  collectDefaultMetrics({ register: registry, prefix: 'signalbox_', eventLoopMonitoringPrecision: 1000 });
  for (const { name } of registry.getMetricsAsArray()) {
    if (isReplaced(name)) registry.removeSingleMetric(name);
  }
  return { text: () => registry.metrics() };
}

/**
 * Gauges whose names end in `_total` mislead (each is the sum of a gauge that stays), and prom-client's event loop lag has its
 * own sampling interval in it; `signalbox_event_loop_lag_seconds` stands in for that.
 */
function isReplaced(name: string): boolean {
  return /_nodejs_active_\w+_total$/.test(name) || name.includes('_nodejs_eventloop_lag_');
}

/** Feeds the event loop's metrics until it is stopped; does not keep the process alive. */
export function watchEventLoop(store: MetricStore): { readBusyTime(): void; stop(): void } {
  const lag = store.histogram('signalbox_event_loop_lag_seconds').cell();
  const busy = store.number('signalbox_event_loop_busy_seconds_total').cell();
  let dueMs = performance.now() + SAMPLE_INTERVAL_MS;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    lag.observe(Math.max(0, nowMs - dueMs) / 1000);
    dueMs = nowMs + SAMPLE_INTERVAL_MS;
  }, SAMPLE_INTERVAL_MS);
  timer.unref();
  return {
    readBusyTime() {
      busy.value = performance.eventLoopUtilization().active / 1000;
    },
    stop() {
      clearInterval(timer);
    },
  };
}
