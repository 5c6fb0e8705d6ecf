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

const MAX_DEPTH = 8;

/** `value` with every secret replaced, at any depth. */
export function redactSecrets(value: unknown): unknown {
  return redact(value, isSecretField, 0);
}

/** `value` with every secret and every prompt or answer replaced, at any depth. */
export function redactForLog(value: unknown): unknown {
  return redact(value, isSecretOrContentField, 0);
}

/** `text` with the credentials in it replaced. */
export function redactText(text: string): string {
  return SECRETS_IN_TEXT.reduce((redacted, [pattern, by]) => redacted.replace(pattern, by), text);
}

function redact(value: unknown, isHidden: (field: string) => boolean, depth: number): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '[too deep]';
  if (Array.isArray(value)) return value.map((item) => redact(item, isHidden, depth + 1));
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Date || value instanceof URL) return redactText(value.toJSON() ?? '');
  const source = value instanceof Error ? errorFields(value) : value;
  const redacted: Record<string, unknown> = {};
  for (const [field, item] of Object.entries(source)) {
    redacted[field] = redactField(field, item, isHidden, depth);
  }
  return redacted;
}

function redactField(
  field: string,
  value: unknown,
  isHidden: (field: string) => boolean,
  depth: number,
): unknown {
  if (value === undefined || value === null) return value;
  if (isHidden(field)) return REDACTED;
  if (!SECRET_MAPS.has(plain(field)) || typeof value !== 'object') return redact(value, isHidden, depth + 1);
  const hidden = Object.entries(value).map(([key, item]) => [
    key,
    typeof item === 'string' ? REDACTED : redact(item, isHidden, depth + 2),
  ]);
  return Array.isArray(value) ? hidden.map(([, item]) => item) : Object.fromEntries(hidden);
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

function isSecretField(field: string): boolean {
  return SECRET_FIELDS.has(plain(field));
}

function isSecretOrContentField(field: string): boolean {
  const name = plain(field);
  return SECRET_FIELDS.has(name) || CONTENT_FIELDS.has(name);
}

function plain(field: string): string {
  return field.toLowerCase().replaceAll('-', '').replaceAll('_', '');
}
