/** The router's strategies and the load balancer's rules, against the presets and parts that do the same. */

import { createRequest, type LatencyPredictor, type RequestMetadata } from '../../../src/domain/index.ts';
import {
  findPreset,
  type InstanceView,
  type ProfileSettings,
  RoutingProfile,
  SessionMemory,
} from '../../../src/routing/index.ts';
import { referenceInstance } from '../../../src/routing/topology/reference.ts';
import { aPredictor } from '../../builders.ts';
import { isOpen, type RawInstance, recordedDraws, type Selected, toView } from './instances.ts';
import type { Verdict } from './verdict.ts';

interface RawStep {
  readonly request: {
    readonly request_id: string;
    readonly user_id: string | null;
    readonly model_name: string | null;
    readonly preferred_instance_id: string | null;
  };
  readonly set_load?: Readonly<Record<string, number>>;
  readonly decision_target?: string;
  readonly clear_affinity?: string | null;
}

interface RouterRecord {
  readonly kind: string;
  readonly input: {
    readonly instances: readonly RawInstance[];
    readonly steps: readonly RawStep[];
    readonly u: readonly number[];
  };
  readonly expect: {
    readonly selected: Selected;
    readonly affinity_map: Readonly<Record<string, string>>;
    readonly last_instance_map: Readonly<Record<string, string>>;
  };
}

interface BalancerRecord {
  readonly kind: string;
  readonly input: { readonly instances: readonly RawInstance[]; readonly u: readonly number[] };
  readonly expect: { readonly selected: Selected };
}

export function checkRouter({ kind, input, expect }: RouterRecord): Verdict {
  const name = kind.replace('router.', '');
  const sessions = new SessionMemory();
  const inputs = { sessions };
  const profile = new RoutingProfile(findPreset(name), inputs);
  const random = recordedDraws(input.u);
  const loads = new Map(input.instances.map((raw) => [raw.instance_id, raw.current_load]));
  const orders = new Map<string, number>();
  const different: string[] = [];
  let movesAway = false;
  input.steps.forEach((step, i) => {
    for (const [id, load] of Object.entries(step.set_load ?? {})) if (loads.has(id)) loads.set(id, load);
    if (name === 'affinity' && step.clear_affinity !== undefined) clear(sessions, step.clear_affinity);
    const views = input.instances.map((raw, slot) =>
      toView({ ...raw, current_load: loads.get(raw.instance_id)! }, slot, orders.get(raw.instance_id) ?? 0),
    );
    const request = toRequest(step);
    const near = referenceInstance(request, views.filter(isAvailable), inputs)?.id;
    const context = { nowMs: 0, random, inputs };
    const decided = views.filter((view) => view.instance.id === step.decision_target);
    const wins = profile.couldServe(request, decided, context) && isOpen(decided[0]);
    const chosen = wins ? decided[0]!.instance.id : profile.route(request, views, context)?.instanceId;
    if (!wins && chosen !== undefined) {
      orders.set(chosen, i + 1);
      sessions.onRequestDispatched(request, views.find(({ instance }) => instance.id === chosen)!.instance);
    }
    const expected = expect.selected[i] ?? undefined;
    if (chosen === expected) return;
    // What comes after it started from another instance.
    if (movesAway) return;
    movesAway = name === 'topology_aware' && chosen === near;
    if (!movesAway) different.push(`step ${i}: found ${chosen}, expected ${expected}`);
  });
  if (movesAway && different.length === 0)
    return { skip: 'fault 15: moves away from the preferred instance' };
  const remembered = { ...expect.affinity_map, ...expect.last_instance_map };
  return [...different, ...rememberedOtherwise(sessions, remembered)];
}

const isAvailable = (view: InstanceView): boolean => view.state === 'ready' && isOpen(view);

function clear(sessions: SessionMemory, user: string | null): void {
  if (user === null) sessions.forget();
  else sessions.forget(createRequest({ id: 'q', model: 'm', arrivalMs: 0, user }));
}

function rememberedOtherwise(
  sessions: SessionMemory,
  expected: Readonly<Record<string, string>>,
): readonly string[] {
  return Object.entries(expected).flatMap(([user, id]) => {
    const found = sessions.lastInstance(createRequest({ id: 'q', model: 'm', arrivalMs: 0, user }))?.id;
    return found === id ? [] : [`${user} remembers: found ${found}, expected ${id}`];
  });
}

function toRequest({ request }: RawStep): RequestMetadata {
  const { request_id: id, user_id: user, model_name: model, preferred_instance_id: preferred } = request;
  return createRequest({
    id,
    model: model ?? 'None',
    arrivalMs: 0,
    ...(user !== null && { user }),
    ...(preferred !== null && { tags: { preferred_instance_id: preferred } }),
  });
}

const BALANCERS: Readonly<Record<string, Pick<ProfileSettings, 'scorers' | 'picker'>>> = {
  // Its capacity is 1 − load; the load is told as KV usage, whose scorer says the same.
  weighted_round_robin: { scorers: [{ name: 'kv-usage', weight: 1 }], picker: 'weighted-random' },
  least_response_time: { scorers: [{ name: 'latency', weight: 1 }], picker: 'best' },
  power_of_two: { scorers: [{ name: 'load', weight: 1 }], picker: 'power-of-two' },
};

export function checkBalancer({ kind, input, expect }: BalancerRecord): Verdict {
  const rule = BALANCERS[kind.replace('load_balancer.', '')] ?? findPreset('load_balanced');
  const inputs = { predictor: averageLatencies(input.instances) };
  const settings = { name: kind, filters: findPreset('load_balanced').filters, ...rule };
  const profile = new RoutingProfile(settings, inputs);
  const random = recordedDraws(input.u);
  const views = input.instances.map((raw, slot) => {
    const report = { instanceId: raw.instance_id, atMs: 0, kvCacheUsage: raw.current_load };
    return { ...toView(raw, slot), report };
  });
  const request = createRequest({ id: 'q', model: 'm', arrivalMs: 0 });
  return expect.selected.flatMap((expected, i) => {
    const found = profile.route(request, views, { nowMs: 0, random, inputs })?.instanceId ?? null;
    return found === expected ? [] : [`pick ${i}: found ${found}, expected ${expected}`];
  });
}

/** One prompt token takes an instance's recorded mean latency. */
function averageLatencies(instances: readonly RawInstance[]): LatencyPredictor {
  const latencies = new Map(instances.map((raw) => [raw.instance_id, raw.avg_latency_ms ?? 0]));
  const nothing = { weightsMs: 0, msPerToken: 0, msPerPair: 0, msPerKvToken: 0, msPerRequest: 0 };
  return {
    ...aPredictor(),
    coefficients: (id) => ({ ...nothing, fixedMs: latencies.get(id)!, maxBatchedTokens: 1 }),
  };
}
