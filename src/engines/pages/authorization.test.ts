import { describe, expect, it } from 'vitest';
import { authorizationHeaders } from './authorization.ts';

describe('authorizationHeaders', () => {
  it('sends nothing without credentials', () => {
    expect(authorizationHeaders(undefined)).toEqual({});
  });

  it('sends a bearer token', () => {
    expect(authorizationHeaders({ type: 'bearer', token: 'abc' })).toEqual({ authorization: 'Bearer abc' });
  });

  it('sends user name and password in base64, in UTF-8', () => {
    const { authorization } = authorizationHeaders({ type: 'basic', username: 'prom', password: 'pä:ss' });
    expect(authorization).toMatch(/^Basic /);
    expect(Buffer.from(authorization!.slice(6), 'base64').toString()).toBe('prom:pä:ss');
  });
});
