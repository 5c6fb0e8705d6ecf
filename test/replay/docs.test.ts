import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { FAILURE_KINDS } from '../../src/cli/replay/failure.ts';
import { parseReplayOptions } from '../../src/cli/replay/options.ts';
import { Recorder } from '../../src/cli/replay/recorder.ts';
import { buildReport } from '../../src/cli/replay/report.ts';
import { replayCommand } from '../../src/cli/replay.ts';
import { TRACE_FORMATS } from '../../src/simulator/index.ts';

const guide = await readFile(new URL('../../docs/replay.md', import.meta.url), 'utf8');

/** The names of all fields, however deep; those of lists and distributions once. */
function fieldNames(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(fieldNames);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [name, ...fieldNames(inner)]);
}

function aReport() {
  const options = parseReplayOptions({ trace: 't', target: 'http://h', slo: 'ttft=1s,tpot=1s,e2e=1s' });
  const recorder = new Recorder(options.slo);
  const times = { intendedAtMs: 0, latenessMs: 0, heldBackMs: 0 };
  const request = { arrivalMs: 0, promptTokens: 1, outputTokens: 2, line: 1 };
  const facts = { endAtMs: 9, instanceId: 'a', queueMs: 1 };
  const failure = { kind: 'http', status: 429, code: 'queue_full', message: 'full' } as const;
  const tokens = { outputTokens: 2, promptTokens: 1, cachedTokens: 0 };
  recorder.recordSent(times);
  recorder.recordEnd(request, times, { type: 'failed', failure, ...facts });
  recorder.recordSent(times);
  recorder.recordEnd(request, times, {
    type: 'completed',
    firstTokenAtMs: 1,
    lastTokenAtMs: 2,
    ...tokens,
    ...facts,
  });
  const skipped = [{ line: 1, reason: 'odd' }];
  const notes = { lines: 1, requests: 1, skippedLines: 1, skipped, raisedToOneToken: 0 };
  const plan = { format: 'vtc', requests: 1, spanMs: 1, promptTokens: 1, outputTokens: 1, notes };
  const made = { signalboxVersion: '1', startedAt: new Date(0), interrupted: false };
  return buildReport(recorder, { options, model: 'm', plan, ...made });
}

describe('docs/replay.md', () => {
  it('explains every option', () => {
    const flags = replayCommand().options.flatMap(({ long, short }) => [long, short]);
    const missing = flags.filter((flag) => flag !== undefined && !guide.includes(`\`${flag}`));
    expect(flags.length).toBeGreaterThan(20);
    expect(missing).toEqual([]);
  });

  it('lists every field of the report', () => {
    const names = new Set(fieldNames(aReport()));
    expect(names.size).toBeGreaterThan(60);
    const distribution = /`\{(.*)\}`/.exec(guide)?.[1]?.split(', ') ?? [];
    const missing = [...names].filter(
      (name) => !guide.includes(`\`${name}\``) && !distribution.includes(name),
    );
    expect(missing).toEqual([]);
  });

  it('explains every kind of failure and every format', () => {
    for (const kind of Object.keys(FAILURE_KINDS)) expect(guide).toMatch(new RegExp(`^\\| \`${kind}`, 'm'));
    for (const { name } of TRACE_FORMATS) expect(guide).toMatch(new RegExp(`^\\| \`${name}\` \\|`, 'm'));
  });
});
