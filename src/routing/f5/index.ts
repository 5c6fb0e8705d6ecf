/** The scores of F5's LLM inference scheduler, and its choice among them. */

export {
  F5_METRICS,
  F5_MODE_NAMES,
  type F5Metric,
  type F5ModeName,
  isF5ModeName,
} from './modes.ts';
export {
  DEFAULT_F5_MODE,
  type F5Metrics,
  type F5ModeSettings,
  neededMetrics,
  scoreMembers,
} from './score-members.ts';
export { F5_SCORERS } from './scorers.ts';
export { chancesOf, chooseWeighted } from './weighted-choice.ts';
