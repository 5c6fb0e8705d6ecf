import { describe, expect, it } from 'vitest';
import {
  anInstance,
  aPredictor,
  aRequest,
  aRoutingMemory,
  aScheduler,
  aView,
  inShort,
} from '../../test/builders.ts';
import { aContext } from '../../test/routing-fixtures.ts';
import { prefixBlocksOfIds } from './prefix/index.ts';
import { DEFAULT_PRESET, findPreset, PRESET_NAMES, PRESETS } from './presets.ts';
import { RoutingProfile } from './profile.ts';
import { FILTERS, makeFilter, makePicker, makeScorer, PICKERS, SCORERS } from './registry.ts';

const WANTED =
  'signalbox least-loaded round-robin random power-of-two session llm-d dynamo sglang-cache-aware vllm-prefix ' +
  'aibrix-prefix preble lmetric min-ttft load_balanced round_robin affinity locality topology_aware f5-s1 f5-s2_advanced';

describe('presets', () => {
  it.each(WANTED.split(' '))('have %s', (name) => {
    expect(findPreset(name).name).toBe(name);
  });

  it('default to the one that needs nothing', () => {
    expect(() => new RoutingProfile(findPreset(DEFAULT_PRESET))).not.toThrow();
  });

  it.each([...PRESETS.values()])(
    '$name says what it does and whose it is, and works',
    ({ name, describe: what, source }) => {
      expect(what).toMatch(/\.$/);
      expect(source).not.toBe('');
      const profile = new RoutingProfile(findPreset(name), aRoutingMemory().inputs);
      const views = ['a', 'b', 'c'].map((id) => aView(id));
      const choice = profile.route(aRequest(), views, aContext(profile.inputs))!;
      expect(['a', 'b', 'c']).toContain(choice.instanceId);
      expect(choice.reason()).not.toMatch(/NaN|undefined|null/);
    },
  );

  it.each(PRESET_NAMES)('%s sends each request of a busy fleet somewhere, with finite figures', (routing) => {
    const { scheduler, clock } = aScheduler({
      routing,
      instances: ['a', 'b', 'c', 'd'].map((id) => anInstance(id, { maxConcurrency: 5 })),
    });
    for (let i = 0; i < 40; i++) {
      clock.advance(5);
      const prefix = {
        prefixBlocks: prefixBlocksOfIds([i % 3, i]),
        prefixBlockTokens: 100,
        promptTokens: 220,
      };
      const request = aRequest({ id: `q${i}`, session: `s${i % 5}`, stream: true, ...prefix });
      const effects = scheduler.handle({ type: 'request-arrived', request });
      for (const effect of effects) {
        if (effect.type !== 'dispatch') continue;
        const { candidates, score } = effect.decision;
        for (const total of [score, ...candidates.flatMap((candidate) => candidate.total ?? [])]) {
          expect(Number.isFinite(total)).toBe(true);
        }
      }
      expect(inShort(effects)).toHaveLength(1);
      if (i >= 10) scheduler.handle({ type: 'request-completed', requestId: `q${i - 10}` });
      if (i >= 3) scheduler.handle({ type: 'request-first-token', requestId: `q${i - 3}` });
    }
  });
});

describe('a profile that lacks what a part needs', () => {
  const needy = [...SCORERS.values(), ...FILTERS.values(), ...PICKERS.values()].filter(
    ({ needs = [] }) => needs.length > 0,
  );

  it('is refused when it is made', () => {
    expect(() => new RoutingProfile(findPreset('dynamo'))).toThrow(
      'scorer "dynamo" needs prefixes, which is not there',
    );
    expect(() => new RoutingProfile(findPreset('min-ttft'))).toThrow(
      'scorer "latency" needs predictor, which is not there',
    );
    expect(() => new RoutingProfile(findPreset('affinity'))).toThrow('scorer "last-instance" needs sessions');
    expect(() => new RoutingProfile(findPreset('preble'), { predictor: aPredictor() })).toThrow(
      'needs prefixes',
    );
  });

  it.each(needy.map(({ name, needs }) => [name, needs!] as const))('%s: without any of %s', (name, needs) => {
    const make = SCORERS.has(name) ? makeScorer : FILTERS.has(name) ? makeFilter : makePicker;
    const all = aRoutingMemory().inputs;
    expect(() => make(name, all)).not.toThrow();
    for (const input of needs)
      expect(() => make(name, { ...all, [input]: undefined })).toThrow(`needs ${input}`);
  });
});

describe('the routing memory', () => {
  it('learns from the scheduler what its inputs tell', () => {
    const memory = aRoutingMemory();
    const request = aRequest({
      session: 's',
      prefixBlocks: prefixBlocksOfIds([1]),
      prefixBlockTokens: 7,
      promptTokens: 9,
    });
    for (const listener of memory.listeners) listener.onRequestDispatched?.(request, anInstance('a'), 0);
    expect(memory.inputs.prefixes!.cachedTokens(request, 'a')).toBe(7);
    expect(memory.inputs.sessions!.lastInstance(request)?.id).toBe('a');
    expect(memory.inputs.predictor?.name).toBe('still');
  });

  it('keeps the turns of a conversation where its prefix is', () => {
    const { scheduler } = aScheduler({
      routing: 'signalbox',
      instances: ['a', 'b', 'c'].map((id) => anInstance(id)),
    });
    const turn = (id: string, blocks: number): string => {
      const ids = Array.from({ length: blocks }, (_, i) => i);
      const request = aRequest({
        id,
        stream: true,
        prefixBlocks: prefixBlocksOfIds(ids),
        prefixBlockTokens: 128,
        promptTokens: 128 * blocks + 40,
      });
      const [place] = inShort(scheduler.handle({ type: 'request-arrived', request }));
      scheduler.handle({ type: 'request-completed', requestId: id });
      return place!.split('→')[1]!;
    };
    const first = turn('t0', 20);
    expect([21, 24, 30, 33].map((blocks, i) => turn(`t${i + 1}`, blocks))).toEqual(Array(4).fill(first));
  });
});
