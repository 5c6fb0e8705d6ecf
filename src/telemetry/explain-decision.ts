/** A decision told in words: who went where, why, against whom, and what came of it. */

import type { CandidateVerdict } from '../domain/index.ts';
import type { LoggedDecision } from './decision-log.ts';
import { predictionOutcome } from './prediction-outcome.ts';
import type { RequestRecord } from './request-record.ts';

export function explainDecision(logged: LoggedDecision): string {
  const { decision, tookMicros, outcome } = logged;
  const { model, queueMs, instanceId, attempt, policy, profile } = decision;
  const lines = [
    `Request ${decision.requestId} for ${model} waited ${duration(queueMs)} and was sent to ${instanceId}` +
      `${attempt === 1 ? '' : ` (attempt ${attempt})`} at ${new Date(decision.atMs).toISOString()}.`,
    `Why: ${decision.reason}`,
    `Policy "${policy}" chose when, profile "${profile}" chose where; deciding took ${Math.round(tookMicros)} µs.`,
    ...candidateLines(decision.candidates, decision.candidateCount),
    ...filterLines(decision.filteredOut),
    ...predictionLines(logged),
  ];
  lines.push(outcome === undefined ? 'The request has not ended yet.' : outcomeLine(outcome));
  return lines.join('\n');
}

function candidateLines(candidates: readonly CandidateVerdict[], total: number): string[] {
  const shown = candidates.length;
  const head = `${total} ${total === 1 ? 'instance was' : 'instances were'} looked at`;
  if (shown === 0) return [`${head}.`];
  return [`${head}${shown < total ? `, ${shown} of them kept here` : ''}:`, ...candidates.map(candidateLine)];
}

function filterLines(filteredOut: Readonly<Record<string, number>>): string[] {
  const parts = Object.entries(filteredOut).map(([filter, count]) => `${count} by "${filter}"`);
  return parts.length === 0 ? [] : [`Filtered out: ${parts.join(', ')}.`];
}

function candidateLine({
  instanceId,
  droppedBy,
  total,
  scores = {},
  reasons = {},
}: CandidateVerdict): string {
  if (droppedBy !== undefined) {
    const reason = reasons[droppedBy];
    return `  - ${instanceId}: dropped by "${droppedBy}"${reason === undefined ? '' : ` (${reason})`}`;
  }
  const parts = Object.entries(scores).map(([scorer, score]) => {
    const reason = reasons[scorer];
    return `${scorer} ${score.toFixed(3)}${reason === undefined ? '' : ` (${reason})`}`;
  });
  const scored = parts.length === 0 ? '' : ` = ${parts.join(', ')}`;
  return `  - ${instanceId}: ${total === undefined ? 'no score' : total.toFixed(3)}${scored}`;
}

function predictionLines(logged: LoggedDecision): string[] {
  const { predictedTtftMs } = logged.decision;
  if (predictedTtftMs === undefined) return [];
  const { mean, standardDeviation, p80 } = predictedTtftMs;
  const within = p80 === undefined ? '' : `, within ${duration(p80)} four times of five`;
  const predicted = `Predicted time to first token: ${duration(mean)} ± ${duration(standardDeviation)}${within}.`;
  const what = predictionOutcome(logged);
  if (what === undefined) return [predicted];
  const by = `${duration(Math.abs(what.errorMs))} ${what.errorMs < 0 ? 'sooner' : 'later'}`;
  return [`${predicted} It came ${duration(what.actualMs)} after the dispatch, ${by}.`];
}

function outcomeLine(record: RequestRecord): string {
  const where = record.instanceId === undefined ? '' : ` on ${record.instanceId}`;
  const how = record.errorCode === undefined ? '' : `, ${record.errorCode}`;
  const parts = [
    `Then: ${record.outcome}${where} with status ${record.status}${how} after ${duration(record.e2eMs)}`,
    record.attempts > 1 ? `${record.attempts} attempts` : undefined,
    record.ttftMs === undefined ? undefined : `first token after ${duration(record.ttftMs)}`,
    record.tpotMs === undefined ? undefined : `${duration(record.tpotMs)} per token`,
    record.promptTokens === undefined ? undefined : `${record.promptTokens} prompt tokens`,
    record.cachedTokens === undefined ? undefined : `${record.cachedTokens} of them cached`,
    record.outputTokens === undefined ? undefined : `${record.outputTokens} tokens generated`,
  ];
  return `${parts.filter((part) => part !== undefined).join(', ')}.`;
}

function duration(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(2)} s`;
  return `${Number(milliseconds.toFixed(milliseconds < 10 ? 1 : 0))} ms`;
}
