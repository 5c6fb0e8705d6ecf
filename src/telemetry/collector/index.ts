/** The figures that policies and people read: the guides' `MetricsCollector`. */

export { MetricsCollector, type MetricsCollectorOptions } from './metrics-collector.ts';
