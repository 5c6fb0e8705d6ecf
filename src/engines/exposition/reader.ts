/** Reads the wanted series out of a Prometheus text page, and walks past everything else. */

import type { Labels } from './labels.ts';
import { readAfterName } from './sample-line.ts';

export interface WantedSeries {
  readonly name: string;
  /** Whether the labels are read too; without it a sample's `labels` is empty. */
  readonly withLabels: boolean;
}

export interface Sample {
  readonly name: string;
  readonly value: number;
  readonly labels: Labels;
}

export type ExpositionReader = (page: string | Uint8Array) => Sample[];

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const HASH_SIGN = 35;
const SPACE = 32;
const TAB = 9;

/**
 * A reader for these series. A page of 58 kB has some 600 lines of which a dozen are wanted, so the work per line is
 * one pass over its name: a rolling hash, looked up in a table of the wanted names.
 */
export function createExpositionReader(wanted: readonly WantedSeries[]): ExpositionReader {
  const byHash = new Map<number, WantedSeries[]>();
  for (const series of wanted) {
    const hash = hashOf(series.name);
    byHash.set(hash, [...(byHash.get(hash) ?? []), series]);
  }

  return function readExposition(page) {
    const bytes = typeof page === 'string' ? Buffer.from(page) : asBuffer(page);
    const samples: Sample[] = [];
    for (let start = 0; start < bytes.length; ) {
      const newline = bytes.indexOf(LINE_FEED, start);
      const end = newline < 0 ? bytes.length : newline;
      while (bytes[start] === SPACE || bytes[start] === TAB) start++;
      if (bytes[start] !== HASH_SIGN) readLine(bytes, start, end, samples);
      start = end + 1;
    }
    return samples;
  };

  function readLine(bytes: Buffer, start: number, end: number, samples: Sample[]): void {
    let nameEnd = start;
    let hash = 0;
    for (; nameEnd < end && IS_NAME_BYTE[bytes[nameEnd]!] === 1; nameEnd++) {
      hash = (Math.imul(hash, 31) + bytes[nameEnd]!) | 0;
    }
    const candidates = byHash.get(hash);
    if (candidates === undefined || nameEnd === start) return;
    const lineEnd = bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    const line = bytes.toString('utf8', start, lineEnd);
    const nameLength = nameEnd - start;
    for (const { name, withLabels } of candidates) {
      if (name.length !== nameLength || !line.startsWith(name)) continue;
      const reading = readAfterName(line, nameLength, withLabels);
      if (reading) samples.push({ name, ...reading });
    }
  }
}

const IS_NAME_BYTE = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[A-Za-z0-9_:]/.test(String.fromCharCode(byte)) ? 1 : 0,
);

function hashOf(name: string): number {
  let hash = 0;
  for (let at = 0; at < name.length; at++) hash = (Math.imul(hash, 31) + name.charCodeAt(at)) | 0;
  return hash;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
