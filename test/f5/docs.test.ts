import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseSchedulerFile, toF5Settings } from '../../src/discovery/f5/index.ts';
import { SELECT_ROUTES } from '../../src/sideband/api/routes.ts';

const guide = readFileSync(new URL('../../docs/f5.md', import.meta.url), 'utf8');
const block = (language: string) => new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(guide)![1]!;
const CONFIG = new URL('../../src/discovery/f5/config/', import.meta.url);

describe('the guide for F5', () => {
  it('has an example that can be used as it is', () => {
    const env = { F5_PASSWORD: 'x', METRIC_PWD: 'y' };
    const { file, warnings } = parseSchedulerFile(block('yaml'), env);
    expect([...warnings, ...toF5Settings(file).warnings]).toEqual([]);
    expect(toF5Settings(file).settings).toMatchObject({
      listener: { host: '10.1.10.5', port: 8080 },
      mode: { name: 's2', runningWeight: 0.3 },
    });
    expect(file.pools.map(({ name, partition }) => [name, partition])).toEqual([
      ['llm-pool-1', 'Common'],
      ['llm-pool-2', 'tenant-1'],
    ]);
  });

  it('names every key that is read', () => {
    const sources = readdirSync(CONFIG).filter(
      (name) => name.startsWith('parse-') && !name.includes('.test.'),
    );
    const text = sources.map((name) => readFileSync(new URL(name, CONFIG), 'utf8')).join('\n');
    const read = /\b(?:global|f5|scheduler|mode|pool|fallback|metrics|keys|tls)\.([A-Za-z0-9_]+)\b/g;
    const keys = new Set([...text.replaceAll(/^.* from '.*';$/gm, '').matchAll(read)].map(([, key]) => key!));
    expect(keys.size).toBeGreaterThan(35);
    const known = [
      'map',
      'split',
      'length',
      'toUpperCase',
      'host',
      'name',
      'tls',
      'fallback',
      'model_APIkey',
    ];
    const missing = [...keys].filter(
      (key) => !known.includes(key) && !new RegExp(`\\b${key}\\b`).test(guide),
    );
    // `f5.password` is read only to say that it is not used.
    expect(missing.filter((key) => key !== 'password')).toEqual([]);
  });

  it('names every call', () => {
    const written = guide
      .replaceAll('POOL/PARTITION', ':pool/:partition')
      .replaceAll('/decisions/ID', '/decisions/:id');
    for (const { method, path } of SELECT_ROUTES)
      expect(written).toContain(`${method.toUpperCase()} ${path}`);
  });

  it('has an iRule whose braces match and whose question is the one that is answered', () => {
    const rule = block('tcl');
    const depth = [...rule.replaceAll(/\\./g, '')].reduce(
      (sum, char) => sum + (char === '{' ? 1 : char === '}' ? -1 : 0),
      0,
    );
    expect(depth).toBe(0);
    expect(rule).toContain('POST /scheduler/select HTTP/1.0');
    expect(rule).toContain('Connection: close');
  });
});
