/** Shows the numbers among a policy's figures, at most so many however many its author makes. */

import { numbersAmong, type PolicyFigures } from '../queueing/index.ts';
import { createBoundedLabels, OTHER_LABEL } from './bounded-labels.ts';
import type { MetricStore } from './metric-store.ts';

export const MAX_POLICY_STATS = 100;
const MAX_NAME = 200;

/** What is shown of one policy keeps its series as long as that policy is in force; what comes after the limit has none. */
export function createPolicyMetrics(store: MetricStore): (policy: PolicyFigures) => void {
  let shown = '';
  let names = namesToShow();
  return ({ name, figures }) => {
    if (name !== shown) {
      shown = name;
      names = namesToShow();
    }
    const gauge = store.number('signalbox_policy_figure');
    gauge.clear();
    for (const [path, value] of numbersAmong(figures)) {
      const stat = names.labelFor(path);
      if (stat !== OTHER_LABEL && stat !== '' && stat.length <= MAX_NAME)
        gauge.cell(name, stat).value = value;
    }
  };
}

function namesToShow() {
  return createBoundedLabels({ maxValues: MAX_POLICY_STATS, isKnown: () => true });
}
