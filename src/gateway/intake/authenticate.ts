/** Whose call it is: API keys, of which only SHA-256 digests are known here. */

import { hash, timingSafeEqual } from 'node:crypto';
import { type RequestPriority, SignalboxError } from '../../domain/index.ts';
import type { IncomingCall, KeyFacts } from './intake.ts';

/** One entry of `auth.keys`. */
export interface KeyConfig {
  /** SHA-256 of the key, 64 hexadecimal digits. */
  readonly sha256: string;
  readonly tenant?: string | undefined;
  readonly models?: readonly string[] | undefined;
  readonly maxPriority?: RequestPriority | undefined;
}

/** Throws `invalid_api_key`, in whose message no key appears. */
export type Authenticate = (headers: IncomingCall['headers']) => KeyFacts;

interface KnownKey {
  readonly digest: Uint8Array;
  readonly facts: KeyFacts;
}

const ANYONE: KeyFacts = Object.freeze({});

/**
 * Without keys everybody may call. A key is looked up by its digest, so that a thousand keys cost as much as one; what a lookup's
 * duration could tell is about digests, which say nothing of keys. The digest found is compared in constant time.
 */
export function authenticator(keys: Readonly<Record<string, KeyConfig>>): Authenticate {
  const known = new Map<string, KnownKey>();
  for (const [name, config] of Object.entries(keys)) {
    const digest = digestOf(name, config);
    known.set(digest, { digest: Buffer.from(digest, 'hex'), facts: factsOf(name, config) });
  }
  if (known.size === 0) return () => ANYONE;
  return function authenticate(headers) {
    const key = presentedKey(headers);
    if (key === undefined) {
      throw new SignalboxError(
        'invalid_api_key',
        "An API key is needed: send it as 'Authorization: Bearer KEY'.",
      );
    }
    const digest = hash('sha256', key, 'hex');
    const found = known.get(digest);
    if (found === undefined || !timingSafeEqual(found.digest, Buffer.from(digest, 'hex'))) {
      throw new SignalboxError('invalid_api_key', 'This API key is not known here.');
    }
    return found.facts;
  };
}

/** As OpenAI's, Anthropic's and Azure's clients send it. */
function presentedKey(headers: IncomingCall['headers']): string | undefined {
  const { authorization } = headers;
  const bearer =
    typeof authorization === 'string' ? /^bearer +(\S+) *$/i.exec(authorization)?.[1] : undefined;
  return bearer ?? textOf(headers['x-api-key']) ?? textOf(headers['api-key']);
}

function textOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && header !== '' ? header : undefined;
}

function digestOf(name: string, { sha256 }: KeyConfig): string {
  const digest = sha256.toLowerCase();
  if (/^[0-9a-f]{64}$/.test(digest)) return digest;
  throw new RangeError(
    `auth.keys.${name}.sha256 must be 64 hexadecimal digits; found ${sha256.length} characters.`,
  );
}

function factsOf(name: string, { tenant, models, maxPriority }: KeyConfig): KeyFacts {
  return Object.freeze({
    name,
    ...(tenant !== undefined && { tenant }),
    ...(models !== undefined && { models: new Set(models) }),
    ...(maxPriority !== undefined && { maxPriority }),
  });
}
