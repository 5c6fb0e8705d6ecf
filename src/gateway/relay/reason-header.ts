/** Why a request went where it went, as a response header for those who want it. */

import type { HeaderMap } from '../transport/port.ts';
import type { ReasonHeader } from './settings.ts';

const REASON = 'x-signalbox-reason';
/** By which a caller asks for it, with the value 1. */
const EXPLAIN = 'x-signalbox-explain';

/** Proxies commonly give all headers of an answer 4 to 8 KiB. */
const MAX_LENGTH = 500;

/** What our reasons contain beyond ASCII, in ASCII; headers of other bytes are read differently everywhere. */
const IN_ASCII: Readonly<Record<string, string>> = {
  '×': 'x',
  '·': '*',
  µ: 'u',
  '±': '+-',
  '–': '-',
  '−': '-',
  '→': '->',
  '≤': '<=',
  '≥': '>=',
  '…': '...',
};

/** The header as name and value; nothing where it is not wanted. The reason is put into words only where it is. */
export function reasonPairs(
  setting: ReasonHeader,
  fromCaller: HeaderMap,
  decision: { readonly reason: string } | undefined,
): readonly string[] {
  const isWanted = setting === 'always' || (setting === 'on-request' && fromCaller[EXPLAIN] === '1');
  return isWanted && decision !== undefined ? [REASON, toHeaderText(decision.reason)] : [];
}

/** One line of printable ASCII, of a bounded length. */
export function toHeaderText(reason: string): string {
  const text = reason
    .slice(0, MAX_LENGTH + 1)
    .replaceAll(/\s+/gu, ' ')
    .trim()
    .replaceAll(/[^\x20-\x7e]/gu, (character) => IN_ASCII[character] ?? '?');
  return text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH - 3)}...`;
}
