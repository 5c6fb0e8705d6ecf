import { describe, expect, it } from 'vitest';
import { aRequest, aView, type ViewFields } from '../../../test/builders.ts';
import { seededRandom } from '../../domain/index.ts';
import type { InstanceView } from '../instance-view.ts';
import { findPreset, PRESET_NAMES } from '../presets.ts';
import { type ProfileSettings, RoutingProfile } from '../profile.ts';
import { F5_MODE_NAMES } from './modes.ts';

const reported = (waiting: number, usage: number, running = 0, atMs = 0): ViewFields => ({
  report: {
    instanceId: 'i',
    atMs,
    waitingRequests: waiting,
    kvCacheUsage: usage,
    runningRequests: running,
  },
});
const context = (nowMs = 0, seed = 1) => ({ nowMs, random: seededRandom(seed), inputs: {} });

function profile(parameters: Record<string, unknown> = {}): RoutingProfile {
  const settings: ProfileSettings = {
    ...findPreset('f5-s1'),
    scorers: [{ name: 's1', weight: 1, parameters }],
    picker: 'best',
  };
  return new RoutingProfile(settings);
}

function scoresOf(views: readonly InstanceView[], from: RoutingProfile, nowMs = 0): Record<string, number> {
  const choice = from.route(aRequest(), views, context(nowMs))!;
  return Object.fromEntries(choice.candidates().map(({ instanceId, total }) => [instanceId, total!]));
}

describe('an F5 mode as a scorer', () => {
  const views = [aView('idle', reported(0, 0.2)), aView('busy', reported(4, 0.6))];

  it('scores what the engines reported', () => {
    expect(scoresOf(views, profile())).toEqual({ idle: 0.9, busy: 0.2 });
  });

  it('takes weights from the configuration and refuses what it does not know', () => {
    expect(scoresOf(views, profile({ waitingWeight: 0, cacheWeight: 1 }))).toEqual({ idle: 0.8, busy: 0.4 });
    expect(() => profile({ w_a: 1 })).toThrow('scorer "s1": unknown parameter "w_a"');
    expect(() => profile({ cacheWeight: -1 })).toThrow(
      'cacheWeight must be a number of at least 0, found -1',
    );
    expect(() => profile({ transitionPoint: 0 })).toThrow('transitionPoint');
  });

  it('gives nothing to an instance without a complete and fresh report, and says so', () => {
    const old = aView('old', reported(0, 0, 0, -10_000));
    const mute = aView('mute');
    const half = aView('half', { report: { instanceId: 'half', atMs: 0, waitingRequests: 0 } });
    const choice = profile().route(aRequest(), [...views, old, mute, half], context())!;
    const verdicts = new Map(choice.candidates().map((verdict) => [verdict.instanceId, verdict]));
    for (const id of ['old', 'mute', 'half']) {
      expect(verdicts.get(id)?.total).toBe(0);
      expect(verdicts.get(id)?.reasons?.s1).toBe('no fresh report with what the mode needs');
    }
    expect(verdicts.get('idle')?.reasons?.s1).toBe('scored 0.9 among the reports');
  });

  it('scores anew with each new report, with each instance that comes, and as reports grow old', () => {
    const one = profile();
    expect(scoresOf(views, one).busy).toBe(0.2);
    expect(scoresOf([views[0]!, aView('busy', reported(0, 0.2))], one).busy).toBe(0.9);
    expect(scoresOf([...views, aView('third', reported(8, 0.2))], one).busy).toBeCloseTo(0.45, 12);
    expect(scoresOf(views, one, 60_000).idle).toBe(0);
  });

  it('never gives a negative number, as s1_ratio would', () => {
    const settings = { ...findPreset('f5-s1_ratio'), picker: 'best' };
    const jammed = [aView('a', reported(50, 0.5)), aView('b', reported(60, 0.5))];
    expect(scoresOf(jammed, new RoutingProfile(settings))).toEqual({ a: 0, b: 0 });
  });
});

describe('the F5 presets', () => {
  it('are there for each mode', () => {
    const names = F5_MODE_NAMES.map((mode) => `f5-${mode}`);
    expect(PRESET_NAMES).toEqual(expect.arrayContaining(names));
  });

  it.each(F5_MODE_NAMES)('f5-%s sends more to the idler of two', (mode) => {
    const preset = new RoutingProfile(findPreset(`f5-${mode}`));
    const views = [aView('busy', reported(0.5, 0.8, 20)), aView('idle', reported(0, 0.1, 2))];
    const at = context(0, 5);
    const counts = { busy: 0, idle: 0 };
    for (let round = 0; round < 500; round++) {
      counts[preset.route(aRequest(), views, at)!.instanceId as keyof typeof counts]++;
    }
    expect(counts.idle).toBeGreaterThan(counts.busy);
  });
});
