/** Which instance gets a task, and the books of what each still has to do. */

export { isQuantileLevels } from './distributions/quantile-table.ts';
export { guardedStrategy } from './guarded-strategy.ts';
export { EMPTY_QUEUE, type LedgerTask, QueueLedger } from './queue-ledger.ts';
export { createStrategy, DEFAULT_STRATEGY, isStrategyName, STRATEGIES } from './registry.ts';
export {
  type Candidate,
  type ConfiguredStrategy,
  type QueueState,
  STRATEGY_NAMES,
  type StrategyFactory,
  type StrategyName,
  type TaskStrategy,
} from './strategy.ts';
