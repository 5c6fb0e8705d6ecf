import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { webhookHeaders } from './signature.ts';

const guide = readFileSync(new URL('../../../docs/webhooks.md', import.meta.url), 'utf8');

it('docs/webhooks.md shows a check that takes our signature, and no other', () => {
  const [, code] = /```js\n(.*?)```/s.exec(guide)!;
  const isGenuine = new Function(
    ...['createHmac', 'timingSafeEqual'],
    `${code!.replace(/import .*\n/, '')}; return isGenuine;`,
  )(...cryptoParts()) as (headers: object, body: string, secret: string) => boolean;
  const message = { id: 'a', timestampSeconds: 1, body: '{}' };
  const headers = webhookHeaders(message, 'hush');
  expect(isGenuine(headers, '{}', 'hush')).toBe(true);
  expect(isGenuine(headers, '{ }', 'hush')).toBe(false);
  expect(isGenuine(webhookHeaders(message, undefined), '{}', 'hush')).toBe(false);
});

it('docs/webhooks.md lists every header', () => {
  for (const name of Object.keys(webhookHeaders({ id: '', timestampSeconds: 0, body: '' }, 'x'))) {
    expect(guide).toContain(`| \`${name}\` |`);
  }
});

function cryptoParts(): unknown[] {
  const { createHmac, timingSafeEqual } = process.getBuiltinModule('node:crypto');
  return [createHmac, timingSafeEqual];
}
