/** What every policy must keep to, as a suite that its author runs with any test runner that has `describe` and `it`. */

import { createRequest, REQUEST_PRIORITIES, type RequestMetadata, seededRandom } from '../domain/index.ts';
import { type CustomPolicy, createPolicyInstance, formOf, type PlannedDecision } from '../queueing/index.ts';
import { type AnyPolicy, PolicyTrial } from './policy-trial.ts';

export type { AnyPolicy } from './policy-trial.ts';

/** vitest's, node:test's, mocha's. */
export interface TestTools {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => void): unknown;
  /** Not needed; so that all of a runner's tools can be handed over. */
  readonly expect?: unknown;
}

export interface ConformanceOptions {
  /**
   * Set it for a policy that is to be starvation-free: the most dispatches that may go before any one request while others
   * keep coming.
   */
  readonly goesWithin?: number;
}

/**
 * @param create makes the policy anew for each test, either form
 * @param tools of the test runner
 */
export function describePolicy(
  name: string,
  create: () => AnyPolicy,
  tools: TestTools,
  options: ConformanceOptions = {},
): void {
  const { describe, it } = tools;
  describe(`policy ${name}`, () => {
    it('has a name', () => {
      const { name: found } = create();
      check(typeof found === 'string' && found !== '', `name must be a text, found ${JSON.stringify(found)}`);
    });
    it('decides nothing where nobody waits or no instance is there', () => decidesNothing(create));
    it('leaves its inputs as they are', () => leavesInputs(create));
    it('names only requests that wait, each once, and instances that are there', () => namesKnown(create));
    it('loses nobody, and serves nobody twice', () => losesNobody(create));
    it('respects models and windows', () => respectsModels(create));
    it('does not send a request again where it failed', () => avoidsFailed(create));
    it('decides the same when the same happens again', () => isDeterministic(create));
    it('bears news of requests and instances that it does not know', () => bearsStrangers(create));
    const { goesWithin } = options;
    if (goesWithin !== undefined) {
      it(`lets nobody wait for more than ${goesWithin} others`, () => starvesNobody(create, goesWithin));
    }
  });
}

const NOW_MS = 1_000_000;

function decidesNothing(create: () => AnyPolicy): void {
  const policy = create();
  if ('createOrder' in policy) {
    const next = policy.createOrder().next({ nowMs: NOW_MS, instances: [] });
    check(next === undefined, `an empty order must have nobody next, found ${JSON.stringify(next)}`);
    return;
  }
  const context = { nowMs: NOW_MS };
  check(
    !policy.nextRequest?.([], someInstances(), context),
    'nextRequest must name nobody where nobody waits',
  );
  check(
    isEmpty(policy.schedule?.([], someInstances(), context)),
    'schedule must be empty where nobody waits',
  );
  check(isEmpty(policy.schedule?.(someRequests(), [], context)), 'schedule must be empty without instances');
  check(isEmpty(policy.prioritize?.([], context)), 'prioritize must be empty where nobody waits');
}

const isEmpty = (list: readonly unknown[] | undefined): boolean => list === undefined || list.length === 0;

/** All is frozen, so that an attempt to change it throws. */
function leavesInputs(create: () => AnyPolicy): void {
  const policy = create();
  const requests = Object.freeze(someRequests());
  const instances = Object.freeze(someInstances());
  const before = JSON.stringify([requests, instances]);
  const context = Object.freeze({ nowMs: NOW_MS });
  if (!('createOrder' in policy)) {
    policy.nextRequest?.(requests, instances, context);
    policy.schedule?.(requests, instances, context);
    policy.prioritize?.(requests, context);
    for (const request of requests) policy.orderKey?.(request);
  }
  check(JSON.stringify([requests, instances]) === before, 'requests and instances must be as they were');
}

function namesKnown(create: () => AnyPolicy): void {
  const policy = create();
  if ('createOrder' in policy) return;
  formOf(policy);
  const requests = Object.freeze(someRequests());
  const instances = Object.freeze(someInstances());
  const context = Object.freeze({ nowMs: NOW_MS });
  const instanceIds = instances.map(({ id }) => id);
  const seen = new Set<string>();
  for (const { requestId, instanceId } of policy.schedule?.(requests, instances, context) ?? []) {
    check(
      requests.some(({ id }) => id === requestId),
      `schedule named the request "${requestId}", which does not wait`,
    );
    check(!seen.has(requestId), `schedule named the request "${requestId}" twice`);
    seen.add(requestId);
    check(
      instanceId === undefined || instanceIds.includes(instanceId),
      `schedule named the instance "${instanceId}", which is not there`,
    );
  }
  checkPrioritize(policy, requests);
  checkNextRequest(policy.nextRequest?.(requests, instances, context), requests, instanceIds);
  for (const request of requests) {
    const key = policy.orderKey?.(request) ?? 0;
    check(Number.isFinite(key), `orderKey must be a finite number, found ${String(key)} for "${request.id}"`);
  }
}

function checkPrioritize(policy: CustomPolicy, requests: readonly RequestMetadata[]): void {
  const order = policy.prioritize?.(requests, { nowMs: NOW_MS });
  if (order === undefined) return;
  const ids = (list: readonly RequestMetadata[]): string => JSON.stringify(list.map(({ id }) => id).sort());
  check(ids(order) === ids(requests), `prioritize must return all requests once, found ${ids(order)}`);
}

function checkNextRequest(
  next: RequestMetadata | PlannedDecision | undefined | null,
  requests: readonly RequestMetadata[],
  instanceIds: readonly string[],
): void {
  if (next === undefined || next === null) return;
  const id = 'requestId' in next ? next.requestId : next.id;
  check(
    requests.some((request) => request.id === id),
    `nextRequest named "${id}", which does not wait`,
  );
  const instanceId = 'requestId' in next ? next.instanceId : undefined;
  check(
    instanceId === undefined || instanceIds.includes(instanceId),
    `nextRequest named the instance "${instanceId}", which is not there`,
  );
}

function losesNobody(create: () => AnyPolicy): void {
  const trial = aBusyTrial(create(), 60);
  trial.finish();
  // A policy may hold requests back; each further event is another chance.
  for (let i = 0; trial.waiting > 0 && i < 60; i++) {
    trial.clock.advance(1_000);
    trial.arrive({ model: i % 2 === 0 ? 'model-a' : 'model-b' });
    trial.finish();
  }
  const ids = trial.dispatches.map(({ request }) => request.id);
  check(new Set(ids).size === ids.length, 'a request was dispatched twice');
  check(trial.waiting === 0, `${trial.waiting} requests were never dispatched although instances had room`);
  checkProblems(trial);
}

function respectsModels(create: () => AnyPolicy): void {
  const trial = aBusyTrial(create(), 40);
  for (const { request, decision } of trial.dispatches) {
    const { instance } = trial.scheduler.fleet.get(decision.instanceId)!;
    check(
      instance.models.includes(request.model),
      `${request.id} of ${request.model} went to ${instance.id}`,
    );
  }
  for (const { instance, inFlightRequests } of trial.scheduler.fleet.records()) {
    check(inFlightRequests <= instance.maxConcurrency, `${instance.id} has ${inFlightRequests} requests`);
  }
}

function avoidsFailed(create: () => AnyPolicy): void {
  const trial = new PolicyTrial(create());
  const { id } = trial.arrive();
  trial.fail(id);
  for (let i = 0; i < 20 && trial.dispatches.length < 2; i++) trial.arrive();
  const [first, second] = trial.dispatches.filter(({ request }) => request.id === id);
  check(first !== undefined, 'a request alone was not dispatched');
  check(
    second?.decision.instanceId !== first.decision.instanceId,
    `it went to ${first.decision.instanceId} again, which had failed it`,
  );
}

function isDeterministic(create: () => AnyPolicy): void {
  const run = (): string => {
    const trial = aBusyTrial(create(), 40);
    trial.finish();
    return trial.history().join(' ');
  };
  const first = run();
  const second = run();
  check(first === second, `the same events led to\n${first}\nand then to\n${second}`);
}

function bearsStrangers(create: () => AnyPolicy): void {
  const policy = create();
  const request = createRequest({ id: 'stranger', model: 'model-x', arrivalMs: NOW_MS });
  const { instance } = [...new PolicyTrial(create()).scheduler.fleet.records()][0]!;
  const facts = Object.freeze({ latencyMs: 10, queueMs: 1, outputTokens: 5 });
  policy.onFirstToken?.(request, instance, 5, NOW_MS);
  policy.onRequestCompleted?.(request, facts, instance, NOW_MS);
  policy.onRequestFailed?.(request, undefined, NOW_MS, 'rejected');
  policy.onInstanceRemoved?.('stranger');
  policy.getStats?.();
}

function starvesNobody(create: () => AnyPolicy, goesWithin: number): void {
  for (const priority of REQUEST_PRIORITIES) {
    const trial = new PolicyTrial(create());
    while (trial.waiting < 4) trial.arrive();
    const { id } = trial.arrive({ priority, tenant: 'watched' });
    const hasGone = (): boolean => trial.dispatches.some(({ request }) => request.id === id);
    let others = 0;
    for (; others <= goesWithin && !hasGone(); others++) {
      trial.clock.advance(100);
      trial.arrive({ priority: 'CRITICAL', ttftSloMs: 2_000 });
      trial.complete();
    }
    check(others <= goesWithin, `a ${priority} request still waited after ${goesWithin} others had gone`);
  }
}

/** More requests of all kinds than fit, so that there is something to order, and some that end meanwhile. */
function aBusyTrial(policy: AnyPolicy, count: number): PolicyTrial {
  const trial = new PolicyTrial(policy);
  const random = seededRandom(7);
  const among = (limit: number): number => Math.floor(random.next() * limit);
  for (let i = 0; i < count; i++) {
    trial.clock.advance(among(20));
    trial.arrive({
      model: among(3) === 0 ? 'model-b' : 'model-a',
      priority: REQUEST_PRIORITIES[among(REQUEST_PRIORITIES.length)]!,
      tenant: `tenant-${among(3)}`,
      promptTokens: 1 + among(2_000),
      maxTokens: 1 + among(500),
      promptText: 'x'.repeat(among(50)),
      ...(among(2) === 0 && { ttftSloMs: 100 + among(3_000) }),
    });
    if (among(4) === 0) trial.complete();
  }
  return trial;
}

function checkProblems({ problems }: PolicyTrial): void {
  check(problems.length === 0, problems.map(({ kind, message }) => `${kind}: ${message}`).join('; '));
}

function someRequests(): RequestMetadata[] {
  return REQUEST_PRIORITIES.map((priority, i) => {
    const arrivalMs = NOW_MS - 100 * i;
    const slo = i % 2 === 0 ? { ttftSloMs: 1_000, deadlineMs: arrivalMs + 9_000 } : {};
    const size = { promptTokens: 10 * (i + 1), maxTokens: 100, promptText: 'x'.repeat(i) };
    return createRequest({
      id: `r${i}`,
      model: 'model-a',
      arrivalMs,
      priority,
      tenant: `t${i % 2}`,
      ...size,
      ...slo,
    });
  });
}

function someInstances() {
  const models = ['model-a'];
  return [
    createPolicyInstance({ id: 'free', models, machine: 'left', nvlinkPeers: ['busy'] }),
    createPolicyInstance({
      id: 'busy',
      models,
      machine: 'right',
      currentLoad: 50,
      load: 0.5,
      avgLatencyMs: 900,
    }),
    createPolicyInstance({ id: 'full', models, currentLoad: 100, load: 1, canAcceptRequest: false }),
    createPolicyInstance({ id: 'out', models, isAvailable: false, canAcceptRequest: false }),
    createPolicyInstance({ id: 'other', models: ['model-b'] }),
  ];
}

function check(isRight: boolean, otherwise: string): asserts isRight {
  if (!isRight) throw new Error(otherwise);
}
