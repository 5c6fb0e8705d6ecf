import { describe, expectTypeOf, it } from 'vitest';
import type { Config, DeepReadonly, InstanceConfig, RemoteInstanceConfig, Secret } from './index.ts';

describe('the type of a configuration', () => {
  it('has no option left open where there is a default', () => {
    expectTypeOf<Config['listeners']['data']['host']>().toEqualTypeOf<string>();
    expectTypeOf<Config['queue']['maxRequests']>().toEqualTypeOf<number>();
    expectTypeOf<Config['policy']['name']>().toEqualTypeOf<string>();
    expectTypeOf<InstanceConfig['maxPrefillTokens']>().toEqualTypeOf<number>();
    expectTypeOf<RemoteInstanceConfig['scrape']['intervalMs']>().toEqualTypeOf<number>();
  });

  it('leaves open what has none', () => {
    expectTypeOf<Config['seed']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<RemoteInstanceConfig['apiKey']>().toEqualTypeOf<Secret | undefined>();
  });

  it('cannot be written to, however deep', () => {
    expectTypeOf<DeepReadonly<{ a: { b: number[] } }>>().toEqualTypeOf<{
      readonly a: { readonly b: readonly number[] };
    }>();
    expectTypeOf<Config['upstream']['retriedStatuses']>().toEqualTypeOf<readonly number[]>();
  });

  it('tells engines at an address from simulated ones', () => {
    expectTypeOf<Extract<InstanceConfig, { kind: 'remote' }>['url']>().toEqualTypeOf<string>();
    expectTypeOf<Extract<InstanceConfig, { kind: 'simulated' }>>().not.toHaveProperty('url');
  });
});
