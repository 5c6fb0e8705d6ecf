/** The words of the house: everything that travels between rooms. */

export * from './clock.ts';
export * from './decision.ts';
export * from './edit-distance.ts';
export * from './errors.ts';
export * from './fleet-event.ts';
export * from './forecast.ts';
export * from './instance.ts';
export * from './instance-view.ts';
export * from './lifecycle.ts';
export * from './metrics-view.ts';
export * from './parameters.ts';
export * from './priority.ts';
export * from './random.ts';
export * from './report.ts';
export * from './request.ts';
