/** How long a search may go on, without a clock of its own. */

export interface SearchBudget {
  /** Accounts for `steps` of work; false once the search must end with the best it has. */
  spend(steps: number): boolean;
}

/** About 10⁸ steps are a second. */
export function stepBudget(steps: number): SearchBudget {
  let left = steps;
  return {
    spend(spent) {
      left -= spent;
      return left >= 0;
    },
  };
}

/** Ends at `endMs` of the clock that is handed in, or when the steps are used up. */
export function timedBudget(nowMs: () => number, endMs: number, steps = Infinity): SearchBudget {
  const counted = stepBudget(steps);
  let sinceAsked = 0;
  let isOver = false;
  return {
    spend(spent) {
      sinceAsked += spent;
      if (sinceAsked >= STEPS_BETWEEN_CLOCKS) {
        sinceAsked = 0;
        isOver ||= nowMs() >= endMs;
      }
      return counted.spend(spent) && !isOver;
    },
  };
}

const STEPS_BETWEEN_CLOCKS = 20_000;
