/** The intake: from a call's head and body to a request that may be scheduled, or to the reason why not. */

import { type Random, SignalboxError } from '../../domain/index.ts';
import { type PromptPrefix, promptPrefixOf } from '../../routing/index.ts';
import { authenticator, type KeyConfig } from './authenticate.ts';
import { type BodyFacts, withModel } from './body/body-facts.ts';
import { readFormBody } from './body/form-body.ts';
import { readJsonBody } from './body/json-body.ts';
import { DEFAULT_TOKEN_ESTIMATE, type TokenEstimate } from './body/prompt-tokens.ts';
import { bodyFormat } from './content-type.ts';
import { type HintTrust, readHints } from './hints.ts';
import type { ForwardPreflight, IncomingCall, Intake, KeyFacts, LocalAnswer } from './intake.ts';
import { modelAnswer, modelListAnswer } from './model-list.ts';
import { type Aliases, createModelCatalogue, type ModelCatalogue } from './models.ts';
import type { RequestIds } from './request-ids.ts';
import { type ModelDefaults, requestMetadata } from './request-metadata.ts';
import { findRoute, type Route } from './routes.ts';

const NO_DEFAULTS: ModelDefaults = Object.freeze({});
const TRUST_ALL: HintTrust = { trustHeaders: true, trustUserHeader: true };

export const DEFAULT_MAX_BODY_BYTES = 32 * 1024 * 1024;

/** What may change while calls are coming in. */
export interface IntakeSettings {
  /** By name; without any, everybody may call. */
  readonly keys?: Readonly<Record<string, KeyConfig>>;
  readonly aliases?: Aliases;
  /** By the name that the caller used, else by the model it stands for. */
  readonly modelDefaults?: Readonly<Record<string, ModelDefaults>>;
  readonly maxBodyBytes?: number;
  /** Everything, unless said otherwise. */
  readonly hints?: HintTrust;
  readonly estimate?: TokenEstimate;
  /** Whether the prompt is hashed in blocks, as the prefix index needs it. */
  readonly hashesPrompts?: boolean;
  /** The most characters of the prompt to hand to the scheduler as text; 0, the default, for none. */
  readonly promptTextChars?: number;
}

export interface IntakeOptions {
  /** The names that the fleet serves now. Called for each request: it must not compute them anew each time. */
  readonly modelNames: () => readonly string[];
  /** For aliases of several models. */
  readonly random: Random;
  readonly requestIds: RequestIds;
  readonly settings?: IntakeSettings;
}

export interface UpdatableIntake extends Intake {
  /** Takes effect with the next call. A call between its preflight and its body is judged by the new settings' limits and aliases. */
  update(settings: IntakeSettings): void;
}

/** `IntakeSettings` made ready for use. */
interface Rules {
  readonly authenticate: ReturnType<typeof authenticator>;
  readonly models: ModelCatalogue;
  readonly defaultsOf: ReadonlyMap<string, ModelDefaults>;
  readonly maxBodyBytes: number;
  readonly hints: HintTrust;
  readonly estimate: TokenEstimate;
  readonly promptTextChars: number;
  readonly hashesPrompts: boolean;
}

export function createIntake(options: IntakeOptions): UpdatableIntake {
  const createdSeconds = Math.floor(Date.now() / 1000);
  let rules = prepare(options, options.settings ?? {});
  return {
    update(settings) {
      rules = prepare(options, settings);
    },
    idFor: (call) => options.requestIds.idFor(call),
    identify: (call) => ({
      key: rules.authenticate(call.headers),
      requestId: options.requestIds.idFor(call),
    }),
    preflight(call) {
      const route = findRoute(call.method, call.path);
      const key = rules.authenticate(call.headers);
      const requestId = options.requestIds.idFor(call);
      if (route.type === 'forward') return preflightForward(call, route.kind, key, requestId, rules);
      return {
        type: 'answer',
        requestId,
        key,
        answer: answerLocally(route, key, rules.models, createdSeconds),
      };
    },
    accept(call, preflight, body) {
      if (preflight.type === 'answer')
        throw new TypeError('a call that was answered locally has no body to accept');
      requireSize(body.length, rules.maxBodyBytes);
      const facts = readBody(body, preflight, rules);
      const model = rules.models.resolve(facts.model, preflight.key);
      const request = requestMetadata({
        receivedAtMs: call.receivedAtMs,
        preflight,
        facts,
        model,
        bodyBytes: body.length,
        prefix: rules.hashesPrompts ? prefixOf(body, facts, model) : undefined,
        defaults: rules.defaultsOf.get(facts.model) ?? rules.defaultsOf.get(model) ?? NO_DEFAULTS,
        trustsPriority: rules.hints.trustHeaders,
      });
      return {
        request,
        body: model === facts.model ? body : withModel(body, facts.modelPlace, model),
        path: call.path,
        contentType: preflight.contentType,
        requestedModel: facts.model,
        wantsUsage: facts.wantsUsage,
      };
    },
  };
}

/** The cache of one model is of no use to another, so its name is part of every hash. */
function prefixOf(body: Uint8Array, facts: BodyFacts, model: string): PromptPrefix {
  return promptPrefixOf(body, facts.promptSpans, facts.promptTokens, { salt: model });
}

function prepare(options: IntakeOptions, settings: IntakeSettings): Rules {
  return {
    authenticate: authenticator(settings.keys ?? {}),
    models: createModelCatalogue(options.modelNames, settings.aliases ?? {}, options.random),
    defaultsOf: new Map(Object.entries(settings.modelDefaults ?? {})),
    maxBodyBytes: settings.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES,
    hints: settings.hints ?? TRUST_ALL,
    estimate: settings.estimate ?? DEFAULT_TOKEN_ESTIMATE,
    promptTextChars: settings.promptTextChars ?? 0,
    hashesPrompts: settings.hashesPrompts ?? false,
  };
}

function preflightForward(
  call: IncomingCall,
  kind: ForwardPreflight['kind'],
  key: KeyFacts,
  requestId: string,
  rules: Rules,
): ForwardPreflight {
  const format = bodyFormat(call.headers, kind === 'other');
  const declaredBytes = readContentLength(call.headers['content-length']);
  if (declaredBytes !== undefined) requireSize(declaredBytes, rules.maxBodyBytes);
  return {
    type: 'forward',
    requestId,
    key,
    kind,
    format,
    contentType: call.headers['content-type'] as string,
    hints: readHints(call, rules.hints),
    ...(declaredBytes !== undefined && { declaredBytes }),
  };
}

function readContentLength(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && /^\d{1,15}$/.test(header)) return Number(header);
  const message = `The content-length must be a number of bytes; found '${String(header).slice(0, 40)}'.`;
  throw new SignalboxError('bad_http', message, { param: 'content-length' });
}

function requireSize(bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  throw new SignalboxError('request_too_large', `The body may have ${maxBytes} bytes; it has ${bytes}.`);
}

function answerLocally(
  route: Exclude<Route, { type: 'forward' }>,
  key: KeyFacts,
  models: ModelCatalogue,
  createdSeconds: number,
): LocalAnswer {
  const names = models.namesFor(key);
  if (route.type === 'model-list') return modelListAnswer(names, createdSeconds);
  if (!names.includes(route.name)) throw models.notFound(route.name, key);
  return modelAnswer(route.name, createdSeconds);
}

function readBody(body: Uint8Array, { kind, format }: ForwardPreflight, rules: Rules): BodyFacts {
  if (format.type === 'form') return readFormBody(body, format.boundary, rules.estimate);
  return readJsonBody(body, kind, rules);
}
