import { afterEach, describe, expect, it } from 'vitest';
import { createInstanceClients, type InstanceClients } from './instance-clients.ts';
import type { InstanceSettings } from './instance-settings.ts';

let clients: InstanceClients | undefined;

const clientsOf = (settings: Partial<InstanceSettings>) => {
  clients = createInstanceClients({ id: 'a', url: 'http://h', ...settings });
  return clients;
};

afterEach(() => clients?.close());

describe('credentials', () => {
  const key = { type: 'bearer', token: 'k' } as const;
  const basic = { type: 'basic', username: 'u', password: 'p' } as const;

  it('are none by default', () => {
    expect(clientsOf({})).toMatchObject({ apiAuthorization: undefined, scrapeAuthorization: undefined });
  });

  it('for the metrics are the instance’s key', () => {
    expect(clientsOf({ apiKey: 'k' })).toMatchObject({ apiAuthorization: key, scrapeAuthorization: key });
  });

  it('for the metrics are not the instance’s key on another port', () => {
    const { apiAuthorization, scrapeAuthorization } = clientsOf({ apiKey: 'k', scrape: { port: 9000 } });
    expect(apiAuthorization).toEqual(key);
    expect(scrapeAuthorization).toBeUndefined();
  });

  it.each([undefined, 9000])('for the metrics can be others (port %s)', (port) => {
    const scrape = { authorization: basic, ...(port && { port }) };
    expect(clientsOf({ apiKey: 'k', scrape }).scrapeAuthorization).toEqual(basic);
  });
});

describe('connections', () => {
  it('are shared between API and metrics', () => {
    const { api, scrape } = clientsOf({ tls: { rejectUnauthorized: false } });
    expect(scrape).toBe(api);
  });

  it('are apart where the metrics want other TLS', () => {
    const { api, scrape } = clientsOf({ scrape: { tls: { rejectUnauthorized: false } } });
    expect(scrape).not.toBe(api);
  });
});
