/** What an instance can take, as our filters say it. */

import { createRequest } from '../../../src/domain/index.ts';
import {
  type InstanceView,
  type RequestPhase,
  RoutingProfile,
  roleServes,
} from '../../../src/routing/index.ts';
import { type RawInstance, roleOf, toView } from './instances.ts';
import { differs, isFar, type Verdict } from './verdict.ts';

interface CapabilitiesRecord {
  readonly input: {
    readonly instance: RawInstance & {
      readonly supported_request_types?: readonly string[] | null;
      readonly embedding_active_requests?: number;
      readonly embedding_max_batch_size?: number;
    };
  };
  readonly expect: {
    readonly can_accept_request: boolean;
    readonly available_capacity: number;
    readonly prefilling: boolean;
    readonly decoding: boolean;
    readonly embedding: boolean;
    readonly llm: boolean;
    readonly supported: readonly string[];
  };
}

type Raw = CapabilitiesRecord['input']['instance'];

/** With us, kinds of requests are models; an instance takes the kinds whose models it serves. */
const KINDS = { LLM_CHAT: 'chat', LLM_GENERATE: 'generate', EMBEDDING: 'embedding' } as const;

const LLM = [KINDS.LLM_CHAT, KINDS.LLM_GENERATE];
const MODELS_BY_TYPE: Readonly<Record<string, readonly string[]>> = {
  EMBEDDING: [KINDS.EMBEDDING],
  LLM_EMBEDDING: [...LLM, KINDS.EMBEDDING],
};

const MAX_EMBEDDINGS = 32;
/** A model of an instance that is asked about for no certain kind of request. */
const ANYTHING = 'anything';

/** The scorer's number is the share that is free. */
const FREE = new RoutingProfile({
  name: 'free',
  filters: ['health', 'window', 'model'],
  scorers: [{ name: 'kv-usage', weight: 1 }],
  picker: 'best',
});

export function checkCapabilities({ input: { instance: raw }, expect }: CapabilitiesRecord): Verdict {
  const models = modelsOf(raw);
  const view = { ...toView(raw, 0), ...serving(raw, models) };
  const takes = (model: string) => canTake(view, model);
  const forAnything = { ...view, ...serving(raw, [ANYTHING]) };
  const isOpen = canTake(forAnything, ANYTHING);
  const serves = (phase: RequestPhase) => isOpen && roleServes(roleOf(raw), phase);
  return [
    ...differs('takes one more', isOpen, expect.can_accept_request),
    ...isFar('free', freeShare(forAnything), expect.available_capacity),
    ...differs('prefill', serves('prefill'), expect.prefilling),
    ...differs('decode', serves('decode'), expect.decoding),
    ...differs('generates', LLM.some(takes), expect.llm),
    ...differs('embeds', canTake(embeddingView(raw, models), KINDS.EMBEDDING), expect.embedding),
    ...differs('kinds', kindsOf(models).join(), expect.supported.join()),
  ];
}

function modelsOf(raw: Raw): readonly string[] {
  const explicit = raw.supported_request_types;
  if (explicit == null) return MODELS_BY_TYPE[raw.instance_type ?? ''] ?? LLM;
  return explicit.map((kind) => KINDS[kind as keyof typeof KINDS] ?? kind);
}

const kindsOf = (models: readonly string[]) =>
  models.map((model) => Object.entries(KINDS).find(([, known]) => known === model)?.[0] ?? model);

function serving(raw: Raw, models: readonly string[]): Pick<InstanceView, 'instance'> {
  const { instance } = toView(raw, 0);
  return { instance: { ...instance, models } };
}

/** A batch of embeddings has a window of its own, as an engine of its own has with us. */
function embeddingView(raw: Raw, models: readonly string[]): InstanceView {
  const { embedding_active_requests: active = 0, embedding_max_batch_size: most = MAX_EMBEDDINGS } = raw;
  const whole = toView({ ...raw, active_requests: 0 }, 0);
  const isFull = whole.inFlightRequests >= whole.windowRequests;
  const windowRequests = isFull ? 0 : most;
  return { ...whole, ...serving(raw, models), inFlightRequests: active, windowRequests };
}

function canTake(view: InstanceView, model: string): boolean {
  return route(view, model) !== undefined;
}

function freeShare(view: InstanceView): number {
  const kvCacheUsage = view.inFlightRequests / 1_000;
  const open: InstanceView = {
    ...view,
    state: 'ready',
    windowRequests: Number.POSITIVE_INFINITY,
    report: { instanceId: view.instance.id, atMs: 0, kvCacheUsage },
  };
  return route(open, ANYTHING)?.score ?? 0;
}

function route(view: InstanceView, model: string) {
  const request = createRequest({ id: 'q', model, arrivalMs: 0 });
  return FREE.route(request, [view], { nowMs: 0, random: { next: () => 0 }, inputs: {} });
}
