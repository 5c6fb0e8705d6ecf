/** Which paths the data listener has, and what each is. */

import { type RequestKind, SignalboxError } from '../../domain/index.ts';
import { MethodNotAllowedError } from '../errors/index.ts';

export type Route =
  | { readonly type: 'model-list' }
  | { readonly type: 'model'; readonly name: string }
  | { readonly type: 'forward'; readonly kind: RequestKind };

const READ = ['GET', 'HEAD'] as const;

/** Calls that are looked into. Adding one is adding a line, and its needed fields in `body/prompt-fields.ts`. */
const KINDS: Readonly<Record<string, RequestKind>> = {
  '/v1/chat/completions': 'chat',
  '/v1/completions': 'completion',
  '/v1/embeddings': 'embedding',
};

/** Calls that are known and only passed through; any other `POST /v1/…` that names a model is treated alike. */
const KNOWN_OTHERS: ReadonlySet<string> = new Set([
  '/v1/responses',
  '/v1/messages',
  '/v1/messages/count_tokens',
  '/v1/rerank',
  '/v1/score',
  '/v1/audio/transcriptions',
  '/v1/audio/translations',
  '/v1/audio/speech',
]);

/** Paths by which vLLM is administered: no caller may change an engine behind the scheduler's back. */
const ADMINISTRATION: ReadonlySet<string> = new Set(['/v1/load_lora_adapter', '/v1/unload_lora_adapter']);

/** No escapes, no empty and no dot segments: an engine must not read a path differently than it was judged here. */
const PLAIN_PATH = /^\/v1(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~:-]+)+$/;

/** Throws `SignalboxError` where nothing answers. */
export function findRoute(method: string, path: string): Route {
  if (path === '/v1/models') return onlyFor(READ, method, path, { type: 'model-list' });
  if (path.startsWith('/v1/models/')) {
    return onlyFor(READ, method, path, { type: 'model', name: decodeName(path.slice('/v1/models/'.length)) });
  }
  const kind = Object.hasOwn(KINDS, path) ? KINDS[path] : undefined;
  if (kind !== undefined) return onlyFor(['POST'], method, path, { type: 'forward', kind });
  if (ADMINISTRATION.has(path)) {
    throw new SignalboxError('forbidden', `${path} administers an engine and is not open to callers.`);
  }
  if (KNOWN_OTHERS.has(path)) return onlyFor(['POST'], method, path, { type: 'forward', kind: 'other' });
  if (method === 'POST' && PLAIN_PATH.test(path)) return { type: 'forward', kind: 'other' };
  throw unknownPath(method, path);
}

function onlyFor(methods: readonly string[], method: string, path: string, route: Route): Route {
  if (!methods.includes(method)) throw new MethodNotAllowedError(method, path, methods);
  return route;
}

/** Model names contain slashes, which some clients escape and others do not. */
function decodeName(escaped: string): string {
  try {
    return decodeURIComponent(escaped);
  } catch {
    throw new SignalboxError(
      'invalid_value',
      `The path's model name is not well escaped: '${escaped.slice(0, 80)}'.`,
    );
  }
}

function unknownPath(method: string, path: string): SignalboxError {
  const withVersion = `/v1${path.replace(/\/+$/, '')}`;
  const trimmed = path.replace(/\/+$/, '');
  const near = [trimmed, withVersion].find((candidate) => candidate !== path && isListed(candidate));
  const hint = near === undefined ? '' : ` Did you mean ${near}?`;
  const listed = [...Object.keys(KINDS), ...KNOWN_OTHERS].join(', ');
  return new SignalboxError(
    'unknown_path',
    `Nothing answers ${method} ${path.slice(0, 120)}.${hint} There are GET /v1/models, GET /v1/models/{model}, ` +
      `POST ${listed}, and any other POST /v1/… whose body names a model.`,
  );
}

function isListed(path: string): boolean {
  return path === '/v1/models' || Object.hasOwn(KINDS, path) || KNOWN_OTHERS.has(path);
}
