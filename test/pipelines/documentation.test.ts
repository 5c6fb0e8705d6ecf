import { readFileSync } from 'node:fs';
import { OpenAPIHono } from '@hono/zod-openapi';
import { expect, it } from 'vitest';
import { type ChainService, createChainRoutes } from '../../src/chains/index.ts';
import { PIPELINE_ROUTING_NAMES } from '../../src/pipeline/index.ts';

const GUIDE = readFileSync(new URL('../../docs/live-pipelines.md', import.meta.url), 'utf8');

it('lists every call and no other', () => {
  const app = new OpenAPIHono();
  createChainRoutes({} as ChainService, { now: () => 0 }).mount(app);
  const routed = app.openAPIRegistry.definitions
    .filter((definition) => definition.type === 'route')
    .map(({ route }) => `${route.method.toUpperCase()} ${route.path}`);
  const listed = [...GUIDE.matchAll(/^\| `([A-Z]+ \/\S*)` \|/gm)].map(([, call]) => call!);
  expect(listed.toSorted()).toEqual(routed.toSorted());
});

it.each(PIPELINE_ROUTING_NAMES)('says how %s routes', (name) => {
  expect(GUIDE).toContain(`| \`${name}\` | `);
});
