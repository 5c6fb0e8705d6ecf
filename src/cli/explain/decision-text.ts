/** A decision as a text for a terminal of a given width: the facts, then candidates by scores, then what was dropped and why. */

import type { DecisionBody } from '../../admin/index.ts';
import { alignColumns, formatNumber } from '../replay/text-table.ts';
import { wrapText } from './wrap-text.ts';

type Candidate = DecisionBody['candidates'][number];

/** Narrower terminals break words. */
const LEAST_WIDTH = 40;
const CHOSEN = '> ';
const NOT_CHOSEN = '  ';

export function decisionText(decision: DecisionBody, width: number): string {
  const usable = Math.max(LEAST_WIDTH, width);
  return [
    ...headLines(decision, usable),
    '',
    ...factLines(factsOf(decision), usable),
    '',
    ...candidateLines(decision, usable),
    '',
  ].join('\n');
}

function headLines({ requestId, model, instanceId, attempt }: DecisionBody, width: number): string[] {
  const again = attempt === 1 ? '' : ` at attempt ${attempt}`;
  return wrapText(`Request ${requestId} for ${model} went to ${instanceId}${again}.`, width);
}

function factsOf(decision: DecisionBody): readonly (readonly [string, string])[] {
  const { atMs, queueMs, tookMicros, policy, profile, reason } = decision;
  const took = `${formatNumber(Math.round(tookMicros))} µs`;
  return [
    ['decision', decision.id],
    ['decided', `${new Date(atMs).toISOString()}, after ${duration(queueMs)} in the queue, in ${took}`],
    ['by', `policy ${policy} (when), profile ${profile} (where)`],
    ['reason', reason],
    ['predicted', predicted(decision)],
    ['then', outcome(decision)],
  ];
}

function factLines(facts: readonly (readonly [string, string])[], width: number): string[] {
  const indent = 2 + Math.max(...facts.map(([name]) => name.length)) + 2;
  return facts.flatMap(([name, text]) => {
    const [first = '', ...rest] = wrapText(text, width - indent);
    return [`  ${name}`.padEnd(indent) + first, ...rest.map((line) => ' '.repeat(indent) + line)];
  });
}

function predicted({ predictedTtftMs }: DecisionBody): string {
  if (predictedTtftMs === undefined) return 'nothing';
  const { mean, standardDeviation, p80 } = predictedTtftMs;
  const within = p80 === undefined ? '' : `, four of five within ${duration(p80)}`;
  return `first token ${duration(mean)} ± ${duration(standardDeviation)} after the decision${within}`;
}

function outcome({ outcome: ended, actualTtftMs, ttftErrorMs }: DecisionBody): string {
  if (ended === null) return 'it has not ended yet';
  const { status, errorCode, e2eMs, attempts, ttftMs, tpotMs } = ended;
  const parts = [
    `${ended.outcome} with status ${status}${errorCode === undefined ? '' : ` (${errorCode})`} after ${duration(e2eMs)}`,
    attempts > 1 ? `${attempts} attempts` : undefined,
    ttftMs === undefined ? undefined : `first token ${duration(ttftMs)} after its arrival`,
    actualTtftMs === undefined || ttftErrorMs === undefined
      ? undefined
      : `${duration(actualTtftMs)} after the decision, ${duration(Math.abs(ttftErrorMs))} ` +
        `${ttftErrorMs < 0 ? 'sooner' : 'later'} than predicted`,
    tpotMs === undefined ? undefined : `${duration(tpotMs)} per token`,
    ended.promptTokens === undefined ? undefined : `${formatNumber(ended.promptTokens)} prompt tokens`,
    ended.cachedTokens === undefined ? undefined : `${formatNumber(ended.cachedTokens)} of them cached`,
    ended.outputTokens === undefined ? undefined : `${formatNumber(ended.outputTokens)} tokens generated`,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}

function candidateLines(decision: DecisionBody, width: number): string[] {
  const { candidates, candidateCount, filteredOut } = decision;
  const kept = candidates.filter(({ droppedBy }) => droppedBy === undefined);
  const dropped = candidates.filter(({ droppedBy }) => droppedBy !== undefined);
  const more = candidateCount - candidates.length;
  const counts = Object.entries(filteredOut).map(([filter, count]) => `${formatNumber(count)} by ${filter}`);
  const summary = [
    `${formatNumber(candidateCount)} ${candidateCount === 1 ? 'instance' : 'instances'} looked at`,
    ...(more > 0 ? [`${formatNumber(more)} of them not shown`] : []),
    ...(counts.length > 0 ? [`dropped ${counts.join(' and ')}`] : []),
  ].join(', ');
  return [...keptLines(kept, width), ...droppedLines(dropped, width), ...hanging(summary, '  ', width)];
}

/** A column for each scorer where they fit, each candidate's reasons below it; else all of a candidate in one paragraph. */
function keptLines(kept: readonly Candidate[], width: number): string[] {
  const scorers = [...new Set(kept.flatMap(({ scores = {} }) => Object.keys(scores)))];
  const rows = kept.map(({ instanceId, total, scores = {} }, place) => [
    (place === 0 ? CHOSEN : NOT_CHOSEN) + instanceId,
    score(total),
    ...scorers.map((scorer) => score(scores[scorer])),
  ]);
  const table = alignColumns([[`${NOT_CHOSEN}candidate`, 'total', ...scorers], ...rows]);
  if (Math.max(...table.map(({ length }) => length)) > width) return paragraphs(kept, width);
  const [head = '', ...lines] = table;
  return [head, ...lines.flatMap((line, place) => [line, ...reasonLines(kept[place]!, width)])];
}

function reasonLines({ reasons = {} }: Candidate, width: number): string[] {
  const text = Object.entries(reasons)
    .map(([scorer, reason]) => `${scorer}: ${reason}`)
    .join('; ');
  return text === '' ? [] : hanging(text, '      ', width);
}

function paragraphs(kept: readonly Candidate[], width: number): string[] {
  return kept.flatMap(({ instanceId, total, scores = {}, reasons = {} }, place) => {
    const parts = Object.entries(scores).map(([scorer, value]) => {
      const reason = reasons[scorer];
      return `${scorer} ${score(value)}${reason === undefined ? '' : ` (${reason})`}`;
    });
    const text = [`${instanceId}, total ${score(total)}`, ...parts].join('; ');
    const [first = '', ...rest] = wrapText(text, width - 4);
    return [(place === 0 ? CHOSEN : NOT_CHOSEN) + first, ...rest.map((line) => `    ${line}`)];
  });
}

function droppedLines(dropped: readonly Candidate[], width: number): string[] {
  return dropped.flatMap(({ instanceId, droppedBy, reasons = {} }) => {
    const reason = reasons[droppedBy!];
    const text = `${instanceId}: dropped by ${droppedBy}${reason === undefined ? '' : ` (${reason})`}`;
    return hanging(text, NOT_CHOSEN, width);
  });
}

function hanging(text: string, indent: string, width: number): string[] {
  return wrapText(text, width - indent.length).map((line) => indent + line);
}

const score = (value: number | undefined): string => (value === undefined ? '–' : value.toFixed(3));

function duration(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(2)} s`;
  return `${Number(milliseconds.toFixed(milliseconds < 10 ? 1 : 0))} ms`;
}
