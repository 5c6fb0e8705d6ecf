import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ControlRoom, openControlRoom } from './__fixtures__/control-room.ts';
import { createAdminApp } from './app.ts';
import type { AdminOptions } from './options.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: object;
}

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly responses: Readonly<Record<string, { readonly description?: string }>>;
}

interface Description {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly securitySchemes?: object;
  };
  readonly security?: readonly object[];
}

let room: ControlRoom;
let api: Description;

beforeAll(async () => {
  room = await openControlRoom();
  api = (await room.call('/openapi.json')).json<Description>();
});

afterAll(() => room.close());

const operations = () =>
  Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

/** Every `$ref` anywhere in `value`. */
function refsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    key === '$ref' && typeof item === 'string' ? [item] : refsIn(item),
  );
}

describe('/openapi.json', () => {
  it('says what it is', () => {
    expect(api.openapi).toBe('3.1.0');
    expect(api.info).toMatchObject({ title: "Signalbox's control API", version: '1.2.3' });
  });

  it('describes every route that the listener answers, and no other', () => {
    const app = createAdminApp({ version: '1' } as AdminOptions);
    const routed = app.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method.toLowerCase()} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    const described = operations().map(({ path, method }) => `${method} ${path}`);
    expect(described.sort()).toEqual([...new Set(routed)].sort());
  });

  it('has the routes of the control listener', () => {
    expect(Object.keys(api.paths).sort()).toEqual([
      '/',
      '/admin/config',
      '/admin/decisions',
      '/admin/decisions/{id}',
      '/admin/figures',
      '/admin/instances',
      '/admin/instances/{id}',
      '/admin/instances/{id}/drain',
      '/admin/instances/{id}/undrain',
      '/admin/log-level',
      '/admin/policy',
      '/admin/queue',
      '/admin/reload',
      '/admin/scaling',
      '/admin/shadow',
      '/docs',
      '/health',
      '/metrics',
      '/openapi.json',
      '/ready',
    ]);
  });

  it('gives every operation a name of its own, a summary, a tag and described responses', () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(ids.every((id) => /^[a-z][A-Za-z]+$/.test(id ?? ''))).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, operation } of operations()) {
      expect(operation.summary?.length, path).toBeGreaterThan(5);
      expect(operation.tags, path).toHaveLength(1);
      expect(operation.responses['200']?.description, path).toBeTruthy();
      expect(
        Object.values(operation.responses).every(({ description }) => description),
        path,
      ).toBe(true);
    }
  });

  it('declares exactly the parameters that are in each path', () => {
    for (const { path, operation } of operations()) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      expect(declared.map(({ name }) => name)).toEqual(inPath);
      expect(declared.every(({ required }) => required)).toBe(true);
    }
  });

  it('refers only to schemas that it has, and has none that nobody refers to', () => {
    const referred = new Set(refsIn(api).map((ref) => ref.replace('#/components/schemas/', '')));
    expect([...referred].sort()).toEqual(Object.keys(api.components.schemas).sort());
  });

  it('documents limits of parameters', () => {
    const parameters = api.paths['/admin/decisions']?.get?.parameters ?? [];
    expect(parameters.map(({ name }) => name)).toEqual(['limit', 'model', 'instance', 'request']);
    expect(parameters[0]?.schema).toMatchObject({ type: 'integer', minimum: 1, maximum: 1000 });
  });

  it('asks for the token where one is configured, and not elsewhere', async () => {
    expect(api.security).toBeUndefined();
    const guarded = await openControlRoom({ token: 'hush-hush' });
    const described = (await guarded.call('/openapi.json')).json<Description>();
    await guarded.close();
    expect(described.security).toEqual([{ controlToken: [] }]);
    expect(described.components.securitySchemes).toEqual({
      controlToken: { type: 'http', scheme: 'bearer' },
    });
  });
});
