/** What one decision of a policy of one's own costs, in each of the forms that it may have. */

import { type CustomPolicy, functionPolicy } from '../../src/queueing/index.ts';
import { DEFAULT_PRESET } from '../../src/routing/index.ts';
import { type DecisionTimes, LoadedScheduler } from './loaded-scheduler.ts';

/** DESIGN: 1 ms with 1,000 waiting and 100 instances. */
export const CUSTOM_BUDGET = { instances: 100, waiting: 1_000, p99Micros: 1_000 };

/** As plain as each form can be: what is measured is what it costs to ask. */
const FORMS: readonly CustomPolicy[] = [
  { name: 'orderKey', orderKey: ({ arrivalMs }) => arrivalMs },
  { name: 'nextRequest', nextRequest: ([first]) => first },
  { name: 'prioritize', prioritize: (requests) => requests },
  {
    name: 'schedule',
    schedule: (requests, instances) =>
      requests.map(({ id }, index) => ({
        requestId: id,
        instanceId: instances[index % instances.length]!.id,
        reason: 'in turn',
      })),
  },
];
const ROUNDS = 5;
const SAMPLES = 1_000;

export interface CustomRow extends DecisionTimes {
  readonly form: string;
  readonly instances: number;
  readonly waiting: number;
}

/** In turns; of each form the round of the least median. */
export function measureCustomPolicies(): CustomRow[] {
  const { instances, waiting } = CUSTOM_BUDGET;
  const loaded = new LoadedScheduler(instances, waiting);
  const best = new Map<string, DecisionTimes>();
  for (let round = 0; round < ROUNDS; round++) {
    for (const policy of FORMS) {
      loaded.use(functionPolicy(policy), DEFAULT_PRESET);
      const found = loaded.measure(SAMPLES, SAMPLES / 4);
      const least = best.get(policy.name);
      if (least === undefined || found.p50Micros < least.p50Micros) best.set(policy.name, found);
    }
  }
  return Array.from(best, ([form, found]) => ({ form, instances, waiting, ...found }));
}
