/** A fleet whose nodes come and go. */

export type {
  LeaveReason,
  NodeHeartbeat,
  NodeJoined,
  PipelineEffect,
  PipelineEvent,
} from './events.ts';
export { type LiveChain, type LivePipelineOptions, LivePipelines } from './live-pipelines.ts';
export type { NodePhase } from './node-book.ts';
export type { MoveReport } from './replanning.ts';
export { DEFAULT_LIVE_PIPELINE_SETTINGS, type LivePipelineSettings } from './settings.ts';
export type { LiveNodeStatus, LivePipelineStatus } from './status.ts';
