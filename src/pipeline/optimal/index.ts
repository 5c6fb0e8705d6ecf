/** The planner `optimal`, and what it says of any plan. */

export { type OptimalOptions, optimalAllocator } from './allocator.ts';
export { type SearchBudget, stepBudget, timedBudget } from './budget.ts';
export {
  OBJECTIVES,
  objectiveOf,
  type PipelineFigures,
  type PlanFigures,
  type PlanObjective,
  pipelineFigures,
  planFigures,
  type StageFigures,
} from './objective.ts';
export { DEFAULT_SETTINGS, type OptimalSettings } from './settings.ts';
