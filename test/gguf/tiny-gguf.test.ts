/** The tiny models: small, the same bytes each time, and in the format that llama.cpp documents. */

import { describe, expect, it } from 'vitest';
import { writeGguf } from './gguf-writer.ts';
import { tinyBertGguf } from './tiny-bert-gguf.ts';
import { tinyGguf } from './tiny-gguf.ts';

describe('the tiny model', () => {
  it('is a few hundred kilobytes', () => {
    expect(tinyGguf().length).toBeGreaterThan(100_000);
    expect(tinyGguf().length).toBeLessThan(600_000);
    expect(tinyBertGguf().length).toBeLessThan(100_000);
  });

  it('has the same bytes each time', () => {
    expect(Buffer.compare(tinyGguf({ seed: 5 }), tinyGguf({ seed: 5 }))).toBe(0);
    expect(Buffer.compare(tinyBertGguf(), tinyBertGguf())).toBe(0);
  });

  it('has other weights for another seed', () => {
    expect(Buffer.compare(tinyGguf({ seed: 5 }), tinyGguf({ seed: 6 }))).not.toBe(0);
  });
});

describe('the GGUF writer', () => {
  it('writes magic, version, and the counts of tensors and metadata', () => {
    const bytes = Buffer.from(
      writeGguf({ a: { type: 'uint32', value: 7 }, b: { type: 'string', value: 'x' } }, []),
    );
    expect(bytes.toString('latin1', 0, 4)).toBe('GGUF');
    expect(bytes.readUInt32LE(4)).toBe(3);
    expect(bytes.readBigUInt64LE(8)).toBe(0n);
    expect(bytes.readBigUInt64LE(16)).toBe(2n);
  });

  it('writes a key as length and bytes, then type and value', () => {
    const bytes = Buffer.from(writeGguf({ key: { type: 'uint32', value: 7 } }, []));
    expect(bytes.readBigUInt64LE(24)).toBe(3n);
    expect(bytes.toString('latin1', 32, 35)).toBe('key');
    expect(bytes.readUInt32LE(35)).toBe(4);
    expect(bytes.readUInt32LE(39)).toBe(7);
  });

  it('aligns each tensor at 32 bytes', () => {
    const tensor = (name: string) => ({ name, dimensions: [3], data: Float32Array.of(1, 2, 3) });
    const bytes = Buffer.from(writeGguf({}, [tensor('a'), tensor('b')]));
    expect(bytes.length % 32).toBe(0);
    expect(bytes.readFloatLE(bytes.length - 32)).toBe(1);
    expect(bytes.readFloatLE(bytes.length - 64 + 8)).toBe(3);
  });

  it('refuses a tensor whose dimensions do not fit its elements', () => {
    const wrong = { name: 'a', dimensions: [2, 2], data: new Float32Array(3) };
    expect(() => writeGguf({}, [wrong])).toThrow('a has 3 elements, its dimensions say 4');
  });
});
