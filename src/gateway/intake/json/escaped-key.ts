/** Decodes a key that is written with escapes, without leaving garbage: a body may hold millions of them. */

const BACKSLASH = 0x5c;
const U = 0x75;

/** What stands behind a backslash, and the byte that it means. */
const MEANINGS = new Uint8Array(128);
for (const [letter, byte] of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t']) {
  MEANINGS[letter!.charCodeAt(0)] = byte!.charCodeAt(0);
}

/**
 * Writes the key that lies in well-formed JSON from `start` to `end`, without its quotes, to `into`; gives its length, or -1 when it has no
 * escape, does not fit, or an escape of it is not ASCII. So it is not one of the names that are looked for.
 */
export function decodeEscapedKey(bytes: Uint8Array, start: number, end: number, into: Uint8Array): number {
  let length = 0;
  let hasEscape = false;
  let at = start;
  while (at < end) {
    if (length === into.length) return -1;
    let byte = bytes[at]!;
    if (byte !== BACKSLASH) {
      at++;
    } else {
      hasEscape = true;
      const letter = bytes[at + 1]!;
      byte = letter === U ? asciiAt(bytes, at + 2) : MEANINGS[letter]!;
      if (byte < 0) return -1;
      at += letter === U ? 6 : 2;
    }
    into[length++] = byte;
  }
  return hasEscape ? length : -1;
}

/** Of four hexadecimal digits; -1 beyond ASCII. */
function asciiAt(bytes: Uint8Array, at: number): number {
  let code = 0;
  for (let digit = at; digit < at + 4; digit++) code = code * 16 + hexDigit(bytes[digit]!);
  return code < 0x80 ? code : -1;
}

/** In ASCII the letters of either case lie 9 above the digits in their low four bits. */
function hexDigit(byte: number): number {
  return (byte & 0x0f) + (byte > 0x39 ? 9 : 0);
}
