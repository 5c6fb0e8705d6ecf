import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../config/index.ts';
import { seededRandom } from '../domain/index.ts';
import { createIntake, createRequestIds } from '../gateway/intake/index.ts';
import { createKey, keyCommand, keyText } from './key.ts';

/** What the command prints for these arguments. */
async function run(...args: string[]): Promise<{ out: string; error: string }> {
  const written = { out: '', error: '' };
  const command = keyCommand()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        written.out += text;
      },
      writeErr: (text) => {
        written.error += text;
      },
    });
  await command.parseAsync(args, { from: 'user' }).catch(() => undefined);
  return written;
}

const keyIn = (text: string) => /sk-sb-[A-Za-z0-9_-]+/.exec(text)?.[0] ?? '';
const snippetIn = (text: string) => /^auth:\n(?: .*\n)+/m.exec(text)?.[0] ?? '';

describe('createKey', () => {
  it('makes 256 random bits that say whose they are', () => {
    const keys = Array.from({ length: 100 }, createKey);
    expect(new Set(keys).size).toBe(100);
    for (const key of keys) expect(key).toMatch(/^sk-sb-[A-Za-z0-9_-]{43}$/);
  });
});

describe('signalbox key', () => {
  it('prints a new key each time', async () => {
    const [first, second] = [keyIn((await run()).out), keyIn((await run()).out)];
    expect(first).toMatch(/^sk-sb-/);
    expect(second).not.toBe(first);
  });

  it('prints configuration that is valid and holds the digest, not the key', async () => {
    const { out } = await run('--name', 'web', '--tenant', 'search');
    const snippet = snippetIn(out);
    expect(snippet).not.toContain(keyIn(out));
    const result = parseConfig(snippet);
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    expect(result.config.auth.keys).toMatchObject({
      web: { tenant: 'search', sha256: createHash('sha256').update(keyIn(out)).digest('hex') },
    });
  });

  it('makes a key that opens the door once its entry is in the configuration', async () => {
    const { out } = await run('--name', 'web');
    const result = parseConfig(snippetIn(out));
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    const { keys } = result.config.auth;
    const intake = createIntake({
      modelNames: () => ['m'],
      random: seededRandom(1),
      requestIds: createRequestIds(),
      settings: { keys },
    });
    const call = (authorization: string) =>
      intake.preflight({
        method: 'GET',
        path: '/v1/models',
        query: '',
        headers: { authorization },
        receivedAtMs: 0,
      });
    expect(call(`Bearer ${keyIn(out)}`)).toMatchObject({ type: 'answer', key: { name: 'web' } });
    expect(() => call(`Bearer ${createKey()}`)).toThrow('not known');
  });

  it('keeps a digest of nothing but digits a text', () => {
    const text = keyText('sk-sb-x', { name: 'k' });
    expect(text).toMatch(/sha256: '[0-9a-f]{64}'/);
  });

  it.each(['', 'a b', '7', 'a:\n  b', 'x'.repeat(65)])('refuses the name %j', async (name) => {
    const { out, error } = await run('--name', name);
    expect(out).toBe('');
    expect(error).toContain('It must be a letter');
  });
});
