import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createAdminApp } from './app.ts';
import type { AdminOptions } from './options.ts';

const DOCUMENT = readFileSync(new URL('../../docs/admin-api.md', import.meta.url), 'utf8');

describe('docs/admin-api.md', () => {
  it('lists every call and no other', () => {
    const listed = [...DOCUMENT.matchAll(/^\| `([A-Z]+ \/\S*)` \|/gm)].map(([, call]) => call!);
    const routed = createAdminApp({ version: '1' } as AdminOptions)
      .openAPIRegistry.definitions.filter((definition) => definition.type === 'route')
      .map(({ route }) => `${route.method.toUpperCase()} ${route.path}`);
    expect(listed.toSorted()).toEqual(routed.toSorted());
  });
});
