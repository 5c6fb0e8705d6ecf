/** What a caller wishes for one request, read from its headers. */

import { parsePriority, REQUEST_PRIORITIES, SignalboxError } from '../../domain/index.ts';
import type { Hints, IncomingCall } from './intake.ts';

const DAY_MS = 86_400_000;
const MAX_TEXT_LENGTH = 256;
const MAX_TAGS = 16;

const NUMBER = /^\d{1,9}(?:\.\d{1,6})?$/;
const TEXT = /^[\x20-\x7e]+$/;
const TAG = /^([A-Za-z0-9_.-]{1,64})=([^=,]{0,128})$/;

/** What is believed of what callers say of their own requests. */
export interface HintTrust {
  /** `x-signalbox-*` headers, and the body's `priority`. */
  readonly trustHeaders: boolean;
  /** `x-openwebui-user-id`, as the tenant where no key names one. */
  readonly trustUserHeader: boolean;
}

/** Each hint's header, and how its text becomes part of the hints. */
const HEADERS: readonly {
  readonly name: string;
  readonly trustedBy: keyof HintTrust;
  readonly allowed: string;
  /** `undefined` where the text is not one that is allowed. */
  readonly read: (text: string, call: IncomingCall) => Hints | undefined;
}[] = [
  {
    name: 'x-signalbox-priority',
    trustedBy: 'trustHeaders',
    allowed: `one of ${REQUEST_PRIORITIES.join(', ')}`,
    read(text) {
      const priority = parsePriority(text);
      return priority && { priority };
    },
  },
  {
    name: 'x-signalbox-deadline-ms',
    trustedBy: 'trustHeaders',
    allowed: `milliseconds from now, above 0, at most ${DAY_MS}`,
    read(text, call) {
      const ms = readMs(text);
      return ms === undefined ? undefined : { deadlineMs: call.receivedAtMs + ms };
    },
  },
  {
    name: 'x-signalbox-ttft-slo-ms',
    trustedBy: 'trustHeaders',
    allowed: `milliseconds, above 0, at most ${DAY_MS}`,
    read(text) {
      const ttftSloMs = readMs(text);
      return ttftSloMs === undefined ? undefined : { ttftSloMs };
    },
  },
  {
    name: 'x-signalbox-tpot-slo-ms',
    trustedBy: 'trustHeaders',
    allowed: `milliseconds, above 0, at most ${DAY_MS}`,
    read(text) {
      const tpotSloMs = readMs(text);
      return tpotSloMs === undefined ? undefined : { tpotSloMs };
    },
  },
  {
    name: 'x-signalbox-session',
    trustedBy: 'trustHeaders',
    allowed: `1 to ${MAX_TEXT_LENGTH} printable ASCII characters`,
    read: (text) => (isText(text) ? { session: text } : undefined),
  },
  {
    name: 'x-openwebui-user-id',
    trustedBy: 'trustUserHeader',
    allowed: `1 to ${MAX_TEXT_LENGTH} printable ASCII characters`,
    read: (text) => (isText(text) ? { webUiUser: text } : undefined),
  },
  {
    name: 'x-signalbox-tags',
    trustedBy: 'trustHeaders',
    allowed: `at most ${MAX_TAGS} of name=value with commas between`,
    read(text) {
      const tags = readTags(text);
      return tags && { tags };
    },
  },
];

/** Throws `invalid_value` naming the header, what was found and what is allowed. A header that comes twice is refused; one that is not trusted is not looked at. */
export function readHints(call: IncomingCall, trust: HintTrust): Hints {
  let hints: Hints = NO_HINTS;
  for (const { name, trustedBy, allowed, read } of HEADERS) {
    const value = call.headers[name];
    if (value === undefined || !trust[trustedBy]) continue;
    const hint = typeof value === 'string' ? read(value.trim(), call) : undefined;
    if (hint === undefined) throw badHint(name, allowed, String(value));
    hints = { ...hints, ...hint };
  }
  return hints;
}

const NO_HINTS: Hints = Object.freeze({});

function badHint(name: string, allowed: string, found: string): SignalboxError {
  const shown = JSON.stringify(found.length > 80 ? `${found.slice(0, 80)}…` : found);
  return new SignalboxError('invalid_value', `The header ${name} must be ${allowed}; found ${shown}.`, {
    param: name,
  });
}

function readMs(text: string): number | undefined {
  const ms = NUMBER.test(text) ? Number(text) : 0;
  return ms > 0 && ms <= DAY_MS ? ms : undefined;
}

function isText(text: string): boolean {
  return text.length <= MAX_TEXT_LENGTH && TEXT.test(text);
}

function readTags(text: string): Record<string, string> | undefined {
  const parts = text.split(',', MAX_TAGS + 1);
  if (parts.length > MAX_TAGS || !TEXT.test(text)) return undefined;
  const pairs: [string, string][] = [];
  for (const part of parts) {
    const match = TAG.exec(part.trim());
    if (match === null) return undefined;
    pairs.push([match[1]!, match[2]!]);
  }
  return Object.fromEntries(pairs);
}
