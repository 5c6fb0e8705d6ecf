/** Conversations through the whole brain, in virtual time, with engines of the engine model behind it. */

import { createInstance, createRequest, ManualClock, seededRandom } from '../../src/domain/index.ts';
import {
  blockKeysOfTokens,
  EngineModel,
  type EngineModelEvent,
  type EngineProfile,
  findProfile,
} from '../../src/enginemodel/index.ts';
import { createPredictor } from '../../src/prediction/index.ts';
import { createPolicy } from '../../src/queueing/index.ts';
import { findPreset, PrefixIndex, RoutingProfile } from '../../src/routing/index.ts';
import { DEFAULT_SCHEDULER_SETTINGS, Scheduler, type SchedulerEffect } from '../../src/scheduler/index.ts';

const BLOCK_TOKENS = 16;

export interface ConversationsSettings {
  readonly seed: number;
  readonly instances: number;
  readonly conversations: number;
  readonly turns: number;
  /** Of the engine model; the scheduler is told neither its size nor its GPU. */
  readonly profile?: string;
  /** How much faster than real the engines run, as seen by the scheduler. */
  readonly speed?: number;
  readonly firstPromptTokens?: number;
  readonly turnTokens?: number;
  readonly outputTokens?: number;
  /** Mean of the time outside the engine before each first token, milliseconds. */
  readonly overheadMs?: number;
  /** Mean of the pause before each next turn. */
  readonly pauseMs?: number;
  readonly startGapMs?: number;
}

export interface ConversationsRun {
  /** Per conversation, the instance of each turn. */
  readonly places: readonly (readonly string[])[];
}

interface Turn {
  readonly conversation: number;
  readonly turn: number;
}

export function runConversations(settings: ConversationsSettings): ConversationsRun {
  const { seed, instances, conversations, turns, profile = 'llama-3-8b@h100', speed = 1 } = settings;
  const {
    firstPromptTokens = 1500,
    turnTokens = 150,
    outputTokens = 40,
    overheadMs = 4,
    pauseMs = 200,
    startGapMs = 0,
  } = settings;
  const random = seededRandom(seed);
  const exponential = (mean: number) => -mean * Math.log(1 - random.next());
  const clock = new ManualClock(0);
  const prefixes = new PrefixIndex();
  const predictor = createPredictor(undefined, {
    cachedTokens: (request, { id }) => prefixes.cachedTokens(request, id),
  });
  const inputs = { predictor, prefixes };
  const scheduler = new Scheduler({
    clock,
    random: seededRandom(seed + 1),
    policy: createPolicy({ name: 'signalbox' }, { predictor, prefixes }),
    profile: new RoutingProfile(findPreset('signalbox'), inputs),
    settings: DEFAULT_SCHEDULER_SETTINGS,
    listeners: [predictor, prefixes],
  });
  const engines = new Map<string, EngineModel>(
    Array.from(
      { length: instances },
      (_, i) => [`e${i}`, new EngineModel(faster(findProfile(profile)!, speed))] as const,
    ),
  );
  for (const id of engines.keys()) {
    const instance = createInstance({ id, url: `http://${id}.test`, engine: 'vllm', models: ['m'] });
    scheduler.handle({ type: 'instance-added', instance });
    scheduler.handle({ type: 'instance-health', instanceId: id, isHealthy: true });
  }
  const places: string[][] = Array.from({ length: conversations }, () => []);
  const running = new Map<string, Turn & { readonly promptTokens: number }>();
  const later: { atMs: number; run: () => void }[] = [];
  const at = (atMs: number, run: () => void) => {
    later.push({ atMs, run });
    later.sort((a, b) => a.atMs - b.atMs);
  };
  const starts = places.map(() => 1 + random.next() * startGapMs);
  const firstTokens = places.map(() => Math.round(firstPromptTokens * (0.8 + 0.4 * random.next())));

  function begin({ conversation, turn }: Turn): void {
    const promptTokens = firstTokens[conversation]! + turn * (turnTokens + outputTokens);
    const tokens = Array.from({ length: promptTokens + outputTokens }, (_, i) => conversation * 1e6 + i);
    const keys = blockKeysOfTokens(tokens, BLOCK_TOKENS);
    const own = Math.floor(promptTokens / BLOCK_TOKENS);
    const prefixBlocks = new Uint32Array(2 * own);
    for (let i = 0; i < own; i++) {
      prefixBlocks[2 * i] = keys[i]! >>> 0;
      prefixBlocks[2 * i + 1] = Math.floor(keys[i]! / 2 ** 32) + 1;
    }
    const id = `c${conversation}t${turn}`;
    running.set(id, { conversation, turn, promptTokens });
    handle(
      scheduler.handle({
        type: 'request-arrived',
        request: createRequest({
          id,
          model: 'm',
          arrivalMs: clock.now(),
          promptTokens,
          stream: true,
          prefixBlocks,
          prefixBlockTokens: BLOCK_TOKENS,
        }),
      }),
      keys,
    );
  }

  function handle(effects: readonly SchedulerEffect[], keys: Float64Array): void {
    for (const effect of effects) {
      if (effect.type !== 'dispatch') throw new Error(`rejected: ${effect.message}`);
      const { instanceId } = effect.decision;
      const { conversation, promptTokens } = running.get(effect.request.id)!;
      places[conversation]!.push(instanceId);
      engines
        .get(instanceId)!
        .submit({ id: effect.request.id, promptTokens, outputTokens, blockKeys: keys }, clock.now());
    }
  }

  function hear(event: EngineModelEvent): void {
    if (event.type === 'tokens') return;
    const run = running.get(event.id)!;
    if (event.type === 'first-token') {
      at(clock.now() + exponential(overheadMs), () =>
        scheduler.handle({ type: 'request-first-token', requestId: event.id }),
      );
    } else if (event.type === 'finished') {
      at(clock.now() + 3 * overheadMs, () => {
        scheduler.handle({
          type: 'request-completed',
          requestId: event.id,
          usage: { promptTokens: run.promptTokens, outputTokens },
        });
        if (run.turn + 1 < turns) {
          at(clock.now() + exponential(pauseMs), () =>
            begin({ conversation: run.conversation, turn: run.turn + 1 }),
          );
        }
      });
    }
  }

  for (const [conversation, ms] of starts.entries()) at(ms, () => begin({ conversation, turn: 0 }));
  for (;;) {
    const engineMs = Math.min(...[...engines.values()].map((engine) => engine.nextEventMs()));
    const laterMs = later[0]?.atMs ?? Number.POSITIVE_INFINITY;
    const nextMs = Math.min(engineMs, laterMs);
    if (nextMs === Number.POSITIVE_INFINITY) return { places };
    if (nextMs > clock.now()) clock.advance(nextMs - clock.now());
    if (laterMs <= engineMs) later.shift()!.run();
    else for (const engine of engines.values()) for (const event of engine.advance(nextMs)) hear(event);
  }
}

function faster(profile: EngineProfile, times: number): EngineProfile {
  return {
    ...profile,
    fixedMs: profile.fixedMs / times,
    weightReadMs: profile.weightReadMs / times,
    linearMsPerToken: profile.linearMsPerToken / times,
    prefillMsPerPair: profile.prefillMsPerPair / times,
    decodeMsPerKvToken: profile.decodeMsPerKvToken / times,
    perRequestMs: profile.perRequestMs / times,
  };
}
