import { describe, expect, it } from 'vitest';
import { uuidInNamespace, uuidOfName } from './name-uuid.ts';

describe('a UUID from a name', () => {
  it('of version 5 is the one that RFC 9562 gives as its example', () => {
    const dns = Buffer.from('6ba7b8109dad11d180b400c04fd430c8', 'hex');
    expect(uuidInNamespace(dns, 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
  });

  it('of version 8 says so, is the same for the same name and another for another', () => {
    expect(uuidOfName('a')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(uuidOfName('a')).toBe(uuidOfName('a'));
    expect(uuidOfName('a')).not.toBe(uuidOfName('b'));
  });
});
