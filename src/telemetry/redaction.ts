/** Keeps secrets and prompts out of logs and of configuration shown to operators. */

export const REDACTED = '[redacted]';

/** Names of fields that hold secrets, in lower case without `-` and `_`. */
const SECRET_FIELDS: ReadonlySet<string> = new Set([
  'authorization',
  'proxyauthorization',
  'cookie',
  'setcookie',
  'apikey',
  'xapikey',
  'key',
  'token',
  'accesstoken',
  'authtoken',
  'bearer',
  'bearertoken',
  'secret',
  'clientsecret',
  'password',
  'passwd',
  'sha256',
]);

/** Maps whose values are secrets themselves: `keys: { alice: '…' }`. */
const SECRET_MAPS: ReadonlySet<string> = new Set(['keys', 'apikeys', 'tokens', 'secrets']);

/** Names of fields that hold what users wrote or were answered. */
const CONTENT_FIELDS: ReadonlySet<string> = new Set([
  'prompt',
  'prompttext',
  'prompttokenids',
  'messages',
  'content',
  'input',
  'body',
  'completion',
]);

/** Credentials inside longer texts: an authorization header's value, a URL's query, a URL's user and password, a key. */
const SECRETS_IN_TEXT: readonly (readonly [RegExp, string])[] = [
  [/\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${REDACTED}`],
  [/([?&](?:token|api[_-]?key|key|access_token|password|secret)=)[^&\s"']+/gi, `$1${REDACTED}`],
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^/\s:@"']*:[^/\s@"']*@/gi, `$1${REDACTED}@`],
  [/\bsk-[\w-]{8,}/g, REDACTED],
];

/** Most texts hold nothing of the kind, and one look is enough to see it. */
const MAY_HOLD_SECRET = /[?&]|:\/\/|sk-|bearer|basic/i;

const MAX_DEPTH = 8;

const SECRETS: ReadonlySet<FieldKind> = new Set<FieldKind>(['secret']);
const SECRETS_AND_CONTENT: ReadonlySet<FieldKind> = new Set<FieldKind>(['secret', 'content']);

/** `value` with every secret replaced, at any depth. */
export function redactSecrets(value: unknown): unknown {
  return redact(value, SECRETS, 0);
}

/** `value` with every secret and every prompt or answer replaced, at any depth. */
export function redactForLog(value: unknown): unknown {
  return redact(value, SECRETS_AND_CONTENT, 0);
}

/** `text` with the credentials in it replaced. */
export function redactText(text: string): string {
  if (!MAY_HOLD_SECRET.test(text)) return text;
  return SECRETS_IN_TEXT.reduce((redacted, [pattern, by]) => redacted.replace(pattern, by), text);
}

function redact(value: unknown, hidden: ReadonlySet<FieldKind>, depth: number): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '[too deep]';
  if (Array.isArray(value)) return value.map((item) => redact(item, hidden, depth + 1));
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if ('toJSON' in value && typeof value.toJSON === 'function')
    return redact(value.toJSON(), hidden, depth + 1);
  const source = value instanceof Error ? errorFields(value) : value;
  const redacted: Record<string, unknown> = {};
  for (const [field, item] of Object.entries(source)) {
    redacted[field] = redactField(field, item, hidden, depth);
  }
  return redacted;
}

function redactField(field: string, value: unknown, hidden: ReadonlySet<FieldKind>, depth: number): unknown {
  if (value === undefined || value === null) return value;
  const kind = kindOf(field);
  if (hidden.has(kind)) return REDACTED;
  if (kind !== 'secret-map' || typeof value !== 'object') return redact(value, hidden, depth + 1);
  const entries = Object.entries(value).map(([key, item]) => [
    key,
    typeof item === 'string' ? REDACTED : redact(item, hidden, depth + 2),
  ]);
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}

function errorFields(error: Error): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  return {
    type: name,
    message,
    stack,
    ...(cause === undefined ? {} : { cause }),
    ...Object.fromEntries(Object.entries(error)),
  };
}

type FieldKind = 'secret' | 'secret-map' | 'content' | 'harmless';

/** A field's kind by its name, remembered: the same few names come with every line. */
const kindsByName = new Map<string, FieldKind>();
/** More names than this are not remembered, since a caller may have made them up. */
const MAX_REMEMBERED = 1000;

function kindOf(field: string): FieldKind {
  const known = kindsByName.get(field);
  if (known !== undefined) return known;
  const name = field.toLowerCase().replaceAll('-', '').replaceAll('_', '');
  const kind = classify(name);
  if (kindsByName.size < MAX_REMEMBERED) kindsByName.set(field, kind);
  return kind;
}

function classify(name: string): FieldKind {
  if (SECRET_FIELDS.has(name)) return 'secret';
  if (SECRET_MAPS.has(name)) return 'secret-map';
  return CONTENT_FIELDS.has(name) ? 'content' : 'harmless';
}
