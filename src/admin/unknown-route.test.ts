import { describe, expect, it } from 'vitest';
import { methodsOf } from './unknown-route.ts';

const ROUTES = [
  { method: 'ALL', path: '/*' },
  { method: 'GET', path: '/admin/decisions/:id' },
  { method: 'GET', path: '/admin/log-level' },
  { method: 'PUT', path: '/admin/log-level' },
  { method: 'POST', path: '/admin/instances/:id/drain' },
];

describe('the methods of a path', () => {
  it.each([
    ['/admin/log-level', ['GET', 'HEAD', 'PUT']],
    ['/admin/decisions/d1', ['GET', 'HEAD']],
    ['/admin/instances/gpu-1/drain', ['POST']],
    ['/admin/instances//drain', []],
    ['/admin/decisions', []],
    ['/admin/decisions/d1/more', []],
    ['/', []],
  ])('%s: %j', (path, methods) => {
    expect(methodsOf(path, ROUTES)).toEqual(methods);
  });
});
