/** MD5 (RFC 1321) of a short text, for rules that are defined by it; for nothing that must be secure. */

const SHIFTS = [
  [7, 12, 17, 22],
  [5, 9, 14, 20],
  [4, 11, 16, 23],
  [6, 10, 15, 21],
] as const;
const SINES = Int32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32) | 0);
const START = [0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476] as const;

export function md5Hex(text: string): string {
  const words = padded(new TextEncoder().encode(text));
  const state = Int32Array.from(START);
  for (let at = 0; at < words.length; at += 16) addBlock(state, words.subarray(at, at + 16));
  return [...new Uint8Array(state.buffer)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The message, a 1 bit, zeros, and its length in bits, in blocks of 16 words. */
function padded(bytes: Uint8Array): Int32Array {
  const buffer = new Uint8Array(64 * Math.ceil((bytes.length + 9) / 64));
  buffer.set(bytes);
  buffer[bytes.length] = 0x80;
  new DataView(buffer.buffer).setUint32(buffer.length - 8, bytes.length * 8, true);
  return new Int32Array(buffer.buffer);
}

function addBlock(state: Int32Array, words: Int32Array): void {
  let [a, b, c, d] = state as unknown as [number, number, number, number];
  for (let step = 0; step < 64; step++) {
    const round = step >> 4;
    const [mix, word] = mixed(round, step, b, c, d);
    const sum = (a + mix + SINES[step]! + words[word]!) | 0;
    const shift = SHIFTS[round]![step & 3]!;
    [a, d, c, b] = [d, c, b, (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0];
  }
  state.set([state[0]! + a, state[1]! + b, state[2]! + c, state[3]! + d]);
}

/** The round's function of three words, and which word of the block it goes with. */
function mixed(round: number, step: number, b: number, c: number, d: number): [mix: number, word: number] {
  if (round === 0) return [(b & c) | (~b & d), step];
  if (round === 1) return [(d & b) | (~d & c), (5 * step + 1) % 16];
  if (round === 2) return [b ^ c ^ d, (3 * step + 5) % 16];
  return [c ^ (b | ~d), (7 * step) % 16];
}
