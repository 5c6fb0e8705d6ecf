import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Accounts } from './account.ts';

const equal = () => new Accounts(() => 1);

describe('accounts of tenants', () => {
  it('are one for each tenant', () => {
    const accounts = equal();
    expect(accounts.of('t')).toBe(accounts.of('t'));
    expect(accounts.of('t')).not.toBe(accounts.of('u'));
  });

  it('grow by cost over weight', () => {
    const accounts = new Accounts((tenant) => (tenant === 'gold' ? 4 : 1));
    const [gold, plain] = [accounts.of('gold'), accounts.of('plain')];
    for (const account of [gold, plain]) accounts.joined(account);
    for (const account of [gold, plain]) accounts.charge(account, 100);
    expect([gold.consumed, gold.virtual]).toEqual([100, 25]);
    expect(accounts.excess(plain)).toBe(75);
    expect(accounts.excess(gold)).toBe(0);
  });

  it('are lifted to the least of those who wait when somebody comes back, and not below their own', () => {
    const accounts = equal();
    const [here, back, greedy] = ['here', 'back', 'greedy'].map((tenant) => accounts.of(tenant));
    accounts.joined(here!);
    accounts.charge(here!, 100);
    accounts.charge(greedy!, 500);
    accounts.joined(back!);
    accounts.joined(greedy!);
    expect([back!.virtual, greedy!.virtual]).toEqual([100, 500]);
  });

  it('are not lifted while they wait already', () => {
    const accounts = equal();
    const [low, high] = [accounts.of('low'), accounts.of('high')];
    accounts.joined(low);
    accounts.joined(high);
    accounts.charge(high, 100);
    accounts.left(low);
    accounts.joined(low);
    expect(low.virtual).toBe(100);
    accounts.joined(low);
    accounts.charge(high, 100);
    accounts.left(low);
    expect(low.virtual).toBe(100);
  });

  it('shrink when less was consumed than was charged', () => {
    const accounts = equal();
    const account = accounts.of('t');
    accounts.joined(account);
    accounts.charge(account, 100);
    accounts.charge(account, -40);
    expect(accounts.virtualOfWaiting()).toEqual({ t: 60 });
  });

  it('of tenants that are gone do not pile up', () => {
    const accounts = equal();
    const stays = accounts.of('stays');
    accounts.joined(stays);
    const first = accounts.of('0');
    for (let i = 0; i < 5_000; i++) {
      const account = accounts.of(`${i}`);
      accounts.joined(account);
      accounts.charge(account, 1);
      accounts.left(account);
      accounts.charge(stays, 2);
    }
    // Forgotten: whoever comes back is lifted anyway, so a new account is as good as the old.
    expect(accounts.of('0')).not.toBe(first);
  });

  it('know the least of those who wait, under any joining, leaving and consuming', () => {
    const step = fc.record({
      tenant: fc.constantFrom('a', 'b', 'c', 'd'),
      do: fc.constantFrom('join', 'leave', 'charge'),
      cost: fc.integer({ min: -50, max: 200 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const accounts = equal();
        for (const { tenant, do: what, cost } of steps) {
          const account = accounts.of(tenant);
          if (what === 'join') accounts.joined(account);
          else if (what === 'charge') accounts.charge(account, cost);
          else if (account.waiting > 0) accounts.left(account);
          const waiting = Object.values(accounts.virtualOfWaiting());
          const least = waiting.length === 0 ? account.virtual : Math.min(...waiting);
          expect(accounts.excess(account)).toBeCloseTo(Math.max(0, account.virtual - least));
        }
      }),
    );
  });
});
